// Single numbers among the options of a built-in op that Atoll does not run, as tflite_options.h keeps them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "atoll/op.h"

namespace Atoll::opaque_options {

// The number in the field at `index` of its table's declaration, of 1, 2 or 4 bytes; `missing` where the table does not
// have it, as for every field at its default, and for bytes that are no such table.
std::int64_t number(const Opaque& op, int index, std::size_t bytes, std::int64_t missing);
// Changes the one-byte field at `index`; false where the table does not have it.
bool set_byte(Opaque& op, int index, std::int8_t value);

}  // namespace Atoll::opaque_options
