// Scales and zero points of TFLite's 8-bit specification: real = scale * (q - zero_point).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "atoll/compress.h"

namespace Atoll {

// int8, asymmetric: 255 steps over the range widened to include 0, and a zero point that makes 0 exact.
// An empty range, which says nothing, gets a scale of 1/255.
Quantization asymmetric_int8(Range range);

// int8, symmetric, -127..127: one scale for each channel, of which `values` has blocks of `inner` one after
// the other. A channel of zeros alone gets scale 0.
std::vector<float> symmetric_scales(std::span<const float> values, std::size_t channels, std::size_t inner);

// The nearest q, halves away from zero, within low..127. A quotient of two floats is never so near to a half that
// adding one in double precision could carry it over.
inline std::int8_t quantized(float value, double scale, std::int32_t zero_point, std::int32_t low) {
  const double steps = std::clamp(static_cast<double>(value) / scale, -1024.0, 1024.0);
  const auto rounded = static_cast<std::int32_t>(steps + std::copysign(0.5, steps));
  return static_cast<std::int8_t>(std::clamp(rounded + zero_point, low, 127));
}

}  // namespace Atoll
