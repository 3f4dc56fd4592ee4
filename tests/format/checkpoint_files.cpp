#include "format/checkpoint_files.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace Atoll::format_test {
namespace {

std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7F) | 0x80);
  return text + static_cast<char>(value);
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::string number(int field, std::uint64_t value) { return varint(static_cast<unsigned>(field) << 3) + varint(value); }
std::string counted(int field, const std::string& bytes) {
  return varint(static_cast<unsigned>(field) << 3 | 2) + varint(bytes.size()) + bytes;
}

std::uint32_t checksum(const std::string& bytes) { return masked_crc32c(std::as_bytes(std::span(bytes))); }

// Appends a block to the table; the answer is its handle.
std::string add_block(std::string& table, const std::string& block, char type) {
  const std::string handle = varint(table.size()) + varint(block.size()), covered = block + type;
  table += covered + little_endian(checksum(covered), 4);
  return handle;
}

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace

std::string block_of(const Entries& entries) {
  std::string block;
  for (const auto& [key, value] : entries)  // nothing shared: every entry could be a restart point
    block += varint(0) + varint(key.size()) + varint(value.size()) + key + value;
  return block + little_endian(0, 4) + little_endian(1, 4);
}

std::vector<std::byte> table_around(const std::string& block, char type) {
  constexpr std::size_t kHandles = 40;
  std::string table;
  const std::string data = add_block(table, block, type);
  const std::string meta = add_block(table, block_of({}), 0);
  const std::string index = add_block(table, block_of({{"last", data}}), 0);
  std::string footer = meta + index;
  footer.resize(kHandles);
  return bytes_of(table + footer + little_endian(0xdb4775248b80fb57, 8));
}

std::vector<std::byte> sorted_table(const Entries& entries, char type) { return table_around(block_of(entries), type); }

std::string bundle_header(std::uint64_t shards) { return number(1, shards) + counted(3, number(1, 1)); }

std::string bundle_entry(const BundleEntry& entry) {
  std::string shape;
  for (const std::uint64_t dim : entry.shape) shape += counted(2, number(1, dim));
  return number(1, entry.type) + counted(2, shape) + number(3, entry.shard) + number(4, entry.offset) +
         number(5, entry.size) + varint(6 << 3 | 5) + little_endian(entry.checksum, 4) +
         (entry.sliced ? counted(7, "") : "");
}

CheckpointFiles checkpoint_of(std::vector<NamedTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Entries entries = {{"", bundle_header(1)}};
  std::string data;
  for (const NamedTensor& tensor : tensors) {
    const std::string bytes(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
    entries.emplace_back(tensor.name, bundle_entry({.offset = data.size(),
                                                    .size = bytes.size(),
                                                    .checksum = checksum(bytes),
                                                    .shape = {tensor.shape.begin(), tensor.shape.end()}}));
    data += bytes;
  }
  return {sorted_table(entries), bytes_of(data)};
}

}  // namespace Atoll::format_test
