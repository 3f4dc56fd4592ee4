#include "compress/affine.h"

#include <algorithm>
#include <cmath>

namespace Atoll {
namespace {

constexpr double kSmallestScale = 1e-24;  // products of two such scales are still normal floats

}  // namespace

Quantization asymmetric_int8(Range range) {
  const double low = std::min<double>(range.low, 0), high = std::max<double>(range.high, 0);
  if (!(high > low)) return {{1.0f / 255.0f}, {low < 0 ? 127 : -128}, 0};
  const auto scale = static_cast<float>(std::max((high - low) / 255, kSmallestScale));
  const double zero_point = std::clamp(std::round(-128 - low / static_cast<double>(scale)), -128.0, 127.0);
  return {{scale}, {static_cast<std::int32_t>(zero_point)}, 0};
}

std::vector<float> symmetric_scales(std::span<const float> values, std::size_t channels, std::size_t inner) {
  std::vector<float> largest(channels, 0);
  std::size_t channel = 0;
  for (std::size_t first = 0; first < values.size(); first += inner, channel = (channel + 1) % channels)
    for (const float value : values.subspan(first, std::min(inner, values.size() - first)))
      largest[channel] = std::max(largest[channel], std::fabs(value));
  for (float& value : largest) value /= 127;
  return largest;
}

}  // namespace Atoll
