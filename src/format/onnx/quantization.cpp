#include "format/onnx/quantization.h"

#include <algorithm>
#include <cmath>

#include "format/onnx/fold_constants.h"

namespace Atoll::format {
namespace {

bool is_integer_type(DType type) { return type == DType::kInt8 || type == DType::kUInt8 || type == DType::kInt32; }

}  // namespace

Quantization quantization_of(const OnnxNode& node, const Shape& shape, const OnnxTensor& scale,
                             const OnnxTensor* zero_point) {
  if (node.integer("block_size", 0) != 0) node.reject("blocks of scales are not supported");
  Quantization q;
  q.scale = scale.floats();
  if (q.scale.empty()) node.reject("it has no scale");
  for (const float s : q.scale)
    if (!(s > 0) || !std::isfinite(s)) node.reject(fmt::format("its scale is {}, but should be positive", s));
  q.zero_point.assign(q.scale.size(), 0);
  if (zero_point) {
    const std::vector<std::int64_t> zeros = zero_point->integers();
    if (zeros.size() != q.scale.size())
      node.reject(fmt::format("it has {} scales, but {} zero points", q.scale.size(), zeros.size()));
    for (std::size_t i = 0; i < zeros.size(); ++i) {
      if (zeros[i] < -128 || zeros[i] > 255) node.reject(fmt::format("a zero point of {} is out of range", zeros[i]));
      q.zero_point[i] = static_cast<std::int32_t>(zeros[i]);
    }
  }
  if (!q.per_channel()) return q;
  q.axis = axis_of(node, node.integer("axis", 1), shape.rank());
  if (shape[q.axis] != static_cast<std::int64_t>(q.scale.size()))
    node.reject(fmt::format("it has {} scales along axis {} of {}", q.scale.size(), q.axis, shape.str()));
  return q;
}

OnnxTensor dequantized(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& scale,
                       const OnnxTensor* zero_point) {
  if (!is_integer_type(x.dtype) || !x.quantization.empty())
    node.reject(fmt::format("the constant '{}' is {}, but should be int8, uint8 or int32", x.name, name_of(x.dtype)));
  OnnxTensor y = x;
  y.quantization = quantization_of(node, x.shape, scale, zero_point);
  return y;
}

DType quantized_type(const OnnxNode& node, const OnnxTensor* zero_point) {
  const DType type = zero_point ? zero_point->dtype
                     : node.integer("output_dtype", 0) != 0
                         ? dtype_of(static_cast<OnnxType>(node.integer("output_dtype", 0)), node.outputs[0])
                         : DType::kUInt8;
  if (type != DType::kInt8 && type != DType::kUInt8)
    node.reject(fmt::format("it quantizes to {}, but only int8 and uint8 are supported", name_of(type)));
  return type;
}

OnnxTensor quantized(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& scale, const OnnxTensor* zero_point) {
  const Quantization q = quantization_of(node, x.shape, scale, zero_point);
  const DType type = quantized_type(node, zero_point);
  const float low = type == DType::kInt8 ? -128.0f : 0.0f, high = type == DType::kInt8 ? 127.0f : 255.0f;
  const std::vector<float> values = x.floats();
  std::vector<std::int8_t> bytes(values.size());  // uint8 by its bits
  std::size_t inner = 1;
  for (int i = q.axis + 1; i < x.shape.rank(); ++i) inner *= static_cast<std::size_t>(x.shape[i]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t channel = q.per_channel() ? i / inner % q.scale.size() : 0;
    const float real = std::nearbyint(values[i] / q.scale[channel]) + static_cast<float>(q.zero_point[channel]);
    const float clamped = std::isnan(real) ? 0.0f : std::clamp(real, low, high);
    bytes[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(clamped));
  }
  return {.name = node.outputs[0], .shape = x.shape, .dtype = type, .data = Data::of(bytes)};
}

}  // namespace Atoll::format
