// One Op as an operator of a .tflite file: its code, its options, and the constants that carry its attributes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "format/tflite_generated.h"

namespace Atoll::format {

struct OperatorParts {
  tflite::BuiltinOperator code = tflite::BuiltinOperator::CUSTOM;
  std::string custom_code;
  tflite::BuiltinOptions options_type = tflite::BuiltinOptions::NONE;
  flatbuffers::Offset<void> options = 0;
  std::vector<std::uint8_t> custom_options;
  std::vector<bool> mutating_variable_inputs;
  std::vector<Tensor> attributes;  // constants that follow the op's inputs
};

// Throws Error for an op that the file format has no word for.
OperatorParts write_op(flatbuffers::FlatBufferBuilder& builder, const Graph& graph, const Node& node);

}  // namespace Atoll::format
