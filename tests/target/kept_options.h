// Options of built-in ops that Atoll does not run, as its .tflite reader keeps them (format/tflite_options.h).
#pragma once

#include <cstdint>
#include <vector>

#include "format/tflite_generated.h"

namespace Atoll {

// A table of `numbers` under its number in TFLite's union of options.
template <typename Number>
std::vector<std::uint8_t> kept_options(int type, const std::vector<Number>& numbers) {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);  // zeros too
  const auto start = builder.StartTable();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    builder.AddElement<Number>(static_cast<flatbuffers::voffset_t>(4 + 2 * i), numbers[i], Number{});
  const flatbuffers::Offset<void> options = builder.EndTable(start);
  tflite::OperatorBuilder op(builder);
  op.add_builtin_options_type(static_cast<tflite::BuiltinOptions>(type));
  op.add_builtin_options(options);
  builder.Finish(op.Finish());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace Atoll
