// Pickle: Python's serialization, read as plain data. The reader is a stack machine for the opcodes that
// torch.save writes (protocols 2 to 5). It calls nothing: the only calls it accepts are the ones that describe a
// tensor or an ordered dictionary, which become values; any other is refused by name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "format/budget.h"

namespace Atoll::format {

using PickleId = std::uint32_t;  // index into Pickle::values

struct PickleValue {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInt,
    kBigInt,  // text: its bytes, little endian
    kFloat,
    kText,
    kSequence,  // list or tuple
    kDict,      // items: key, value, key, value, ...
    kGlobal,    // text: the module, name: the class or function; never called
    kStorage,   // items: the parts of torch's persistent id
    kTensor,    // items: storage, offset, sizes, strides
  };
  Kind kind = Kind::kNone;
  std::int64_t number = 0;
  double real = 0;
  std::string_view text, name;  // into the file
  std::vector<PickleId> items;
};

struct Pickle {
  std::vector<PickleValue> values;
  PickleId root = 0;
  std::size_t size = 0;  // of the pickle in bytes; more may follow it in the file

  const PickleValue& at(PickleId id) const { return values[id]; }
  const PickleValue& top() const { return values[root]; }
};

// Reads the pickle at the start of `bytes`, which must outlive the result. A value takes a hundred bytes and an opcode
// one, so everything is charged to the budget. Throws Error naming `file` for malformed bytes, unknown opcodes and
// calls.
Pickle read_pickle(std::span<const std::byte> bytes, std::string_view file, Budget& budget);

}  // namespace Atoll::format
