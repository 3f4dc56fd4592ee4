// Add, Sub, Mul and Div of two constants, broadcast.
#pragma once

#include "format/budget.h"
#include "format/onnx/model.h"

namespace Atoll::format {

// Throws Error: shapes that do not broadcast, a real and an integer operand, a division by 0 of integers.
OnnxTensor fold_arithmetic(const OnnxNode& node, const OnnxTensor& a, const OnnxTensor& b, Budget& budget);

}  // namespace Atoll::format
