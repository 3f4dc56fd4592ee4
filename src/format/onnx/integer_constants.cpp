#include "format/onnx/integer_constants.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "atoll/error.h"
#include "format/onnx/tensor.h"

namespace Atoll::format {
namespace {

// How far a bias's stated scale may be from the product of its layer's scales: a rounding of float32.
constexpr float kRounding = 1e-6f;

bool close(float a, float b) { return std::abs(a - b) <= kRounding * std::abs(b); }

}  // namespace

std::vector<float> real_values(const Tensor& c) {
  return OnnxTensor{.name = c.name, .shape = c.shape, .dtype = c.dtype, .data = c.data, .quantization = c.quantization}
      .floats();
}

Tensor centred_weights(const Tensor& weights) {
  const Quantization& q = weights.quantization;
  if (weights.dtype != DType::kInt8 ||
      std::all_of(q.zero_point.begin(), q.zero_point.end(), [](std::int32_t z) { return z == 0; }))
    return weights;
  std::int64_t inner = 1;
  for (int i = q.axis + 1; i < weights.shape.rank(); ++i) inner *= weights.shape[i];
  const std::span<const std::int8_t> old = weights.data.as<std::int8_t>();
  std::vector<std::int8_t> values(old.size());
  for (std::size_t i = 0; i < old.size(); ++i) {
    const std::size_t channel = q.per_channel() ? i / static_cast<std::size_t>(inner) % q.scale.size() : 0;
    const std::int32_t value = old[i] - q.zero_point[channel];
    if (value < -128 || value > 127)
      fail("the weights '{}' have a zero point of {}, but int8 weights should be symmetric around 0", weights.name,
           q.zero_point[channel]);
    values[i] = static_cast<std::int8_t>(value);
  }
  Tensor result = weights;
  result.data = Data::of(values);
  std::fill(result.quantization.zero_point.begin(), result.quantization.zero_point.end(), 0);
  return result;
}

Tensor integer_bias(const Tensor& bias, const Tensor& x, const Tensor& weights) {
  Tensor result{.name = bias.name, .shape = bias.shape, .dtype = DType::kInt32, .constant = true};
  Quantization& q = result.quantization;
  for (const float scale : weights.quantization.scale) q.scale.push_back(x.quantization.scale[0] * scale);
  q.zero_point.assign(q.scale.size(), 0);
  const Quantization& given = bias.quantization;
  const auto zero = [](std::int32_t z) { return z == 0; };
  if (bias.dtype == DType::kInt32 && given.scale.size() == q.scale.size() &&
      std::equal(q.scale.begin(), q.scale.end(), given.scale.begin(), close) &&
      std::all_of(given.zero_point.begin(), given.zero_point.end(), zero)) {
    q.scale = given.scale;
    result.data = bias.data;
    return result;
  }
  const std::vector<float> real = real_values(bias);
  std::vector<std::int32_t> values(real.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    const double scaled = std::round(static_cast<double>(real[i]) / q.scale[q.per_channel() ? i % q.scale.size() : 0]);
    constexpr double kMost = std::numeric_limits<std::int32_t>::max();
    values[i] = std::isnan(scaled) ? 0 : static_cast<std::int32_t>(std::clamp(scaled, -kMost, kMost));
  }
  result.data = Data::of(values);
  return result;
}

Tensor quantized_constant(const Tensor& constant, DType type) {
  const std::vector<float> real = real_values(constant);
  float most = 0;
  for (const float value : real) most = std::max(most, std::abs(value));
  if (!std::isfinite(most)) fail("the constant '{}' holds {}, which no integer stands for", constant.name, most);
  const std::int32_t zero = type == DType::kUInt8 ? 128 : 0;
  const float scale = most > 0 ? most / 127 : 1.0f;
  std::vector<std::int8_t> values;  // uint8 by its bits
  for (const float value : real)
    values.push_back(static_cast<std::int8_t>(static_cast<std::int32_t>(std::nearbyint(value / scale)) + zero));
  Tensor result{.name = constant.name, .shape = constant.shape, .dtype = type, .constant = true};
  result.quantization = {.scale = {scale}, .zero_point = {zero}};
  result.data = Data::of(values);
  return result;
}

}  // namespace Atoll::format
