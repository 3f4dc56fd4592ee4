// What built-in operators that Atoll has no word for carry besides their tensors, kept so that a file can be written
// again: an Opaque op's bytes are then a flatbuffer with one tflite::Operator that has neither code nor tensors.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "format/tflite_generated.h"

namespace Atoll::format {

// The options of `source`, which lies in the verified `file`. Whatever cannot be kept is left out in such a way that
// write_kept_options refuses it; `loss` says what of the op is lost elsewhere, if anything.
std::vector<std::uint8_t> keep_options(const tflite::Operator& source, std::span<const std::byte> file,
                                       const std::string& loss);

struct KeptOptions {
  tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE;
  flatbuffers::Offset<void> options;
  std::vector<bool> mutating_variable_inputs;
};
// What keep_options kept, in the file that `builder` makes. Throws Error (naming `node` and its `type`) where something
// of the op was not kept.
KeptOptions write_kept_options(flatbuffers::FlatBufferBuilder& builder, std::span<const std::uint8_t> kept,
                               std::int32_t builtin_code, const std::string& node, const std::string& type);

}  // namespace Atoll::format
