#include "graph/opaque_options.h"

#include <cstring>

namespace Atoll::opaque_options {
namespace {

constexpr std::size_t kHead = 2, kSizes = 2 * sizeof(std::uint16_t), kToVtable = sizeof(std::int32_t);

template <typename T>
T little_endian(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));  // every machine that Atoll runs on is little-endian, as the format is
  return value;
}

}  // namespace

std::vector<std::uint8_t> copy(std::span<const std::byte> file, std::size_t table, std::uint8_t type) {
  if (table > file.size() || file.size() - table < kToVtable) return {};
  const auto vtable = static_cast<std::int64_t>(table) - little_endian<std::int32_t>(file.data() + table);
  if (vtable < 0 || vtable > static_cast<std::int64_t>(file.size() - kSizes)) return {};
  const auto at = static_cast<std::size_t>(vtable);
  const std::size_t vtable_size = little_endian<std::uint16_t>(file.data() + at);
  const std::size_t table_size = little_endian<std::uint16_t>(file.data() + at + sizeof(std::uint16_t));
  if (vtable_size < kSizes || vtable_size % 2 != 0 || vtable_size > file.size() - at) return {};
  if (table_size < kToVtable || table_size > file.size() - table) return {};
  std::vector<std::uint8_t> bytes = {type, static_cast<std::uint8_t>(table % kAlignment)};
  const auto* first = reinterpret_cast<const std::uint8_t*>(file.data());
  bytes.insert(bytes.end(), first + at, first + at + vtable_size);
  bytes.insert(bytes.end(), first + table, first + table + table_size);
  return bytes;
}

std::optional<View> view(const Opaque& op) {
  const std::span<const std::uint8_t> bytes(op.options);
  if (bytes.size() < kHead + kSizes + kToVtable || op.type.starts_with("CUSTOM:")) return std::nullopt;
  const auto all = bytes.subspan(kHead);
  const std::size_t vtable_size = little_endian<std::uint16_t>(all.data());
  const std::size_t table_size = little_endian<std::uint16_t>(all.data() + sizeof(std::uint16_t));
  if (vtable_size < kSizes || vtable_size % 2 != 0 || vtable_size > all.size()) return std::nullopt;
  if (table_size < kToVtable || table_size != all.size() - vtable_size) return std::nullopt;
  return View{bytes[0], bytes[1] % kAlignment, all.first(vtable_size), all.subspan(vtable_size)};
}

namespace {

// Where in the table the field lies; nothing where the table does not have it.
std::optional<std::size_t> place_of(const View& options, int index, std::size_t bytes) {
  const std::size_t slot = kSizes + static_cast<std::size_t>(index) * sizeof(std::uint16_t);
  if (slot + sizeof(std::uint16_t) > options.vtable.size()) return std::nullopt;
  const std::size_t at = little_endian<std::uint16_t>(options.vtable.data() + slot);
  if (at < kToVtable || bytes > options.table.size() || at > options.table.size() - bytes) return std::nullopt;
  return at;
}

}  // namespace

std::int64_t number(const Opaque& op, int index, std::size_t bytes, std::int64_t missing) {
  const std::optional<View> options = view(op);
  const std::optional<std::size_t> at = options ? place_of(*options, index, bytes) : std::nullopt;
  if (!at) return missing;
  const std::uint8_t* value = options->table.data() + *at;
  switch (bytes) {
    case 1: return little_endian<std::int8_t>(value);
    case 2: return little_endian<std::int16_t>(value);
    case 4: return little_endian<std::int32_t>(value);
    default: return missing;
  }
}

bool set_byte(Opaque& op, int index, std::int8_t value) {
  const std::optional<View> options = view(op);
  const std::optional<std::size_t> at = options ? place_of(*options, index, 1) : std::nullopt;
  if (!at) return false;
  op.options[kHead + options->vtable.size() + *at] = static_cast<std::uint8_t>(value);
  return true;
}

}  // namespace Atoll::opaque_options
