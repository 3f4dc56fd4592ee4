// From real numbers between DequantizeLinear and QuantizeLinear to a network of integers, by TFLite's 8-bit rules:
// wherever a Dequantize - op - Quantize can be one integer op, it becomes one. What has no integer form (an op, or
// one whose neighbours stay real) keeps its Dequantize and Quantize.
#pragma once

#include "atoll/graph.h"

namespace Atoll::format {

// uint8 activations become int8 with the zero point moved by 128, which changes no value; the network's own inputs
// and outputs keep their type behind a Quantize. A network whose weights are uint8 too stays as it is.
Graph signed_form(Graph graph);

// Throws Error for weights that have no form in TFLite's rules.
Graph integer_form(const Graph& graph);

// The parameters that TFLite's rules fix for the output of Softmax, Sigmoid (1/256) and Tanh (1/128).
Quantization fixed_quantization(const Op& op, DType type);

}  // namespace Atoll::format
