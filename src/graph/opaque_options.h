// The options of a builtin op that Atoll does not run, kept as they lie in the .tflite file so that they can be
// written again: the number of their type in TFLite's union, where the table lay within eight bytes, then that
// flatbuffers table of plain numbers, its vtable first. (https://flatbuffers.dev/internals)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "atoll/op.h"

namespace Atoll::opaque_options {

inline constexpr std::size_t kAlignment = 8;

// Copies the table that lies at `table` bytes into `file`. Empty where it does not lie within the file.
std::vector<std::uint8_t> copy(std::span<const std::byte> file, std::size_t table, std::uint8_t type);

struct View {
  std::uint8_t type = 0;
  std::size_t phase = 0;  // where the table began, modulo kAlignment
  std::span<const std::uint8_t> vtable, table;
};
// Nothing for an op without options, and for bytes that are no such table.
std::optional<View> view(const Opaque& op);

// The number in the field at `index` of its table's declaration, of 1, 2 or 4 bytes; `missing` where the table
// does not have it, as for every field at its default.
std::int64_t number(const Opaque& op, int index, std::size_t bytes, std::int64_t missing);
// Changes the one-byte field at `index`; false where the table does not have it.
bool set_byte(Opaque& op, int index, std::int8_t value);

}  // namespace Atoll::opaque_options
