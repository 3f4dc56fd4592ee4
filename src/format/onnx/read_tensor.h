// TensorProto's wire format as an OnnxTensor: values raw, typed, or in another file.
#pragma once

#include <span>

#include "format/onnx/external_data.h"
#include "format/onnx/tensor.h"

namespace Atoll::format {

// Throws Error: a type that is not read, an impossible shape, values of another number than the shape asks for.
OnnxTensor read_onnx_tensor(std::span<const std::byte> message, Budget& budget, ExternalData& external);

}  // namespace Atoll::format
