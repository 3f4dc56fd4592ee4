#include "kernels/quantized.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "atoll/error.h"

namespace Atoll {

bool is_8bit(DType type) { return type == DType::kInt8 || type == DType::kUInt8; }

IntRange range_of(DType type) { return type == DType::kUInt8 ? IntRange{0, 255} : IntRange{-128, 127}; }

float scale_of(const Tensor& tensor) {
  if (tensor.quantization.scale.size() != 1 || !(tensor.quantization.scale[0] > 0))
    fail("tensor '{}' is {}, but has no quantization scale", tensor.name, name_of(tensor.dtype));
  return tensor.quantization.scale[0];
}

std::int32_t zero_point_of(const Tensor& tensor) {
  scale_of(tensor);
  return tensor.quantization.zero_point[0];
}

std::int32_t quantize_value(float value, float scale, std::int32_t zero_point, IntRange range) {
  const float steps = value / scale;
  if (std::isnan(steps)) return std::clamp(zero_point, range.low, range.high);
  // Halves away from zero, as std::round() does it: in double precision the sum is exact.
  const double q = static_cast<double>(std::clamp(steps, -1e6f, 1e6f));
  return std::clamp(static_cast<std::int32_t>(q + std::copysign(0.5, q)) + zero_point, range.low, range.high);
}

IntRange activation_range(Activation activation, const Tensor& output) {
  const IntRange whole = range_of(output.dtype);
  const auto at = [&](float real) { return quantize_value(real, scale_of(output), zero_point_of(output), whole); };
  switch (activation) {
    case Activation::kNone: return whole;
    case Activation::kRelu: return {at(0), whole.high};
    case Activation::kRelu6: return {at(0), at(6)};
    case Activation::kReluN1To1: return {at(-1), at(1)};
  }
  return whole;
}

FloatRange activation_range(Activation activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (activation) {
    case Activation::kNone: break;
    case Activation::kRelu: return {0, kInfinity};
    case Activation::kRelu6: return {0, 6};
    case Activation::kReluN1To1: return {-1, 1};
  }
  return {-kInfinity, kInfinity};
}

std::vector<float> channel_scales(const Tensor& weights, std::int64_t channels) {
  const std::vector<float>& scales = weights.quantization.scale;
  if (scales.size() == 1) return std::vector<float>(static_cast<std::size_t>(channels), scale_of(weights));
  if (scales.size() != static_cast<std::size_t>(channels))
    fail("weights '{}' have {} scales for {} channels", weights.name, scales.size(), channels);
  return scales;
}

std::vector<Multiplier> output_multipliers(const Tensor& x, const Tensor& weights, const Tensor& output,
                                           std::int64_t channels) {
  std::vector<Multiplier> multipliers;
  for (const float scale : channel_scales(weights, channels)) {
    // TFLite's uint8 kernels multiply the two input scales in float, its int8 kernels in double.
    const double product = x.dtype == DType::kUInt8 ? static_cast<double>(scale_of(x) * scale)
                                                    : static_cast<double>(scale_of(x)) * static_cast<double>(scale);
    multipliers.push_back(quantize_multiplier(product / static_cast<double>(scale_of(output))));
  }
  return multipliers;
}

}  // namespace Atoll
