// PKWARE's APPNOTE: end record, central directory, local headers. Archives of 4 GiB and more (zip64) are refused.
#include "format/pytorch_archive.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "atoll/error.h"

namespace Atoll::format {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEndRecord = 0x06054b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr std::uint64_t kEntryBytes = 128;  // a node of the table and its share of the buckets, without the name

std::uint32_t read(std::span<const std::byte> bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]) << (8 * i);
  return value;
}

std::optional<std::size_t> find_end(std::span<const std::byte> bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const std::size_t last = bytes.size() - kEndSize, first = last > 0xFFFF ? last - 0xFFFF : 0;
  for (std::size_t at = last + 1; at-- > first;)
    if (read(bytes, at, 4) == kEndRecord) return at;
  return std::nullopt;
}

}  // namespace

bool PytorchArchive::recognises(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && read(bytes, 0, 4) == kLocalHeader;
}

PytorchArchive::PytorchArchive(std::span<const std::byte> bytes, std::string_view file, Budget& budget)
    : bytes_(bytes), file_(file) {
  const std::optional<std::size_t> end = find_end(bytes);
  if (!end) fail("'{}' is a zip archive that was cut off: its end record is missing", file);
  const std::size_t count = read(bytes, *end + 10, 2);
  std::size_t at = read(bytes, *end + 16, 4);
  for (std::size_t i = 0; i < count; ++i) {
    if (at + kCentralSize > *end || read(bytes, at, 4) != kCentralHeader)
      fail("'{}' is a malformed zip archive: entry {} of its directory is damaged", file, i);
    const std::size_t name_size = read(bytes, at + 28, 2), extra = read(bytes, at + 30, 2),
                      comment = read(bytes, at + 32, 2), local = read(bytes, at + 42, 4);
    if (at + kCentralSize + name_size > *end) fail("'{}' is a malformed zip archive: a name is cut off", file);
    budget.charge(kEntryBytes + 2 * name_size);
    std::string name(reinterpret_cast<const char*>(bytes.data()) + at + kCentralSize, name_size);
    Entry entry{.size = read(bytes, at + 24, 4), .crc = read(bytes, at + 16, 4)};
    if (read(bytes, at + 10, 2) != 0 || read(bytes, at + 20, 4) != entry.size)
      fail("'{}' holds the packed file '{}', which torch.save does not write", file, name);
    if (local + kLocalSize > *end || read(bytes, local, 4) != kLocalHeader)
      fail("'{}' is a malformed zip archive: '{}' is lost", file, name);
    entry.start = local + kLocalSize + read(bytes, local + 26, 2) + read(bytes, local + 28, 2);
    if (entry.start + entry.size > *end) fail("'{}' is a malformed zip archive: '{}' lies outside of it", file, name);
    entries_.emplace(name.substr(std::min(name.find('/') + 1, name.size())), entry);
    at += kCentralSize + name_size + extra + comment;
  }
}

std::span<const std::byte> PytorchArchive::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail("'{}' is a zip archive without '{}', which torch.save writes", file_, name);
  const auto content = bytes_.subspan(found->second.start, found->second.size);
  if (crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()) != found->second.crc)
    fail("'{}' inside '{}' has a wrong checksum", name, file_);
  return content;
}

}  // namespace Atoll::format
