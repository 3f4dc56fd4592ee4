// ONNX's QuantizeLinear and DequantizeLinear: real = scale * (q - zero_point), per tensor or along an axis.
#pragma once

#include "format/onnx/model.h"

namespace Atoll::format {

// The parameters that inputs 1 and 2 of either op hold, for a tensor of `shape`; the axis is ONNX's. `zero_point`
// may be nullptr, which means 0. Throws Error: scales that are not positive and finite, numbers that do not fit.
Quantization quantization_of(const OnnxNode& node, const Shape& shape, const OnnxTensor& scale,
                             const OnnxTensor* zero_point);

// Of constants.
OnnxTensor dequantized(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& scale,
                       const OnnxTensor* zero_point);
OnnxTensor quantized(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& scale, const OnnxTensor* zero_point);

// The type that QuantizeLinear makes: its zero point's, else what an attribute says, else uint8.
DType quantized_type(const OnnxNode& node, const OnnxTensor* zero_point);

}  // namespace Atoll::format
