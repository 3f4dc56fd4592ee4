// What ONNX computes from constants alone, computed at once: the arithmetic on shapes that exporters leave in a file,
// and weights that are reshaped, cast or dequantized before their use.
#pragma once

#include <optional>
#include <vector>

#include "format/budget.h"
#include "format/onnx/model.h"

namespace Atoll::format {

// Whether `fold` knows the node's op.
bool folds(const OnnxNode& node);

// The node's first output; an absent input is nullptr. Throws Error where the inputs do not fit. What is made is
// charged to the budget.
OnnxTensor fold(const OnnxNode& node, const std::vector<const OnnxTensor*>& inputs, std::int64_t opset, Budget& budget);

// What Shape says of a tensor, as far as its attributes `start` and `end` ask for it.
OnnxTensor shape_constant(const OnnxNode& node, const Shape& shape);

// The shape that Reshape, Squeeze and Unsqueeze ask for, with 0 and -1 resolved.
Shape reshaped(const OnnxNode& node, const Shape& x, const std::vector<std::int64_t>& wanted);
Shape squeezed(const OnnxNode& node, const Shape& x, const std::optional<std::vector<std::int64_t>>& axes);
Shape unsqueezed(const OnnxNode& node, const Shape& x, const std::vector<std::int64_t>& axes);

// `axis` counted from the front; throws Error for one that does not exist.
int axis_of(const OnnxNode& node, std::int64_t axis, int rank);

}  // namespace Atoll::format
