// One operator of a .tflite file as an Op. What Atoll cannot express stays what it is: an Opaque op.
#pragma once

#include <optional>
#include <string>

#include "atoll/graph.h"
#include "format/tflite_generated.h"

namespace Atoll::format {

// An operator with its tensors; inputs that only carry attributes (shapes, axes, paddings) are still among them.
struct OperatorSource {
  const Graph& graph;
  const tflite::Operator& source;
  tflite::BuiltinOperator code;
  std::vector<TensorId> inputs, outputs;

  const Tensor& tensor(TensorId id) const { return graph.tensor(id); }
  bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i] != kNoTensor; }
  const Tensor& input(std::size_t i) const { return graph.tensor(inputs[i]); }
  const Tensor& output() const { return graph.tensor(outputs[0]); }
};

// The op, and in `operator_.inputs` only the inputs that atoll/op.h lists. Nothing where Atoll has no such op,
// or not for these types, options or run-time attributes. Throws Error for options out of any range.
std::optional<Op> read_op(OperatorSource& operator_);

// "CONV_2D"; "BUILTIN_230" for a code without a name.
std::string builtin_name(tflite::BuiltinOperator code);

}  // namespace Atoll::format
