// Constants of integer layers by TFLite's 8-bit rules: int8 weights around 0, int32 biases of scale x * weights, and
// numbers that arithmetic uses.
#pragma once

#include "atoll/tensor.h"

namespace Atoll::format {

// The values that a constant means, whether it is quantized or not.
std::vector<float> real_values(const Tensor& constant);

// int8 weights with a zero point of 0, with the same values. Throws Error where they do not fit.
Tensor centred_weights(const Tensor& weights);

// `bias` (int32 or real) for an input and weights of these parameters.
Tensor integer_bias(const Tensor& bias, const Tensor& x, const Tensor& weights);

// A real constant with one scale of its own.
Tensor quantized_constant(const Tensor& constant, DType type);

}  // namespace Atoll::format
