// Fixed-point arithmetic of 8-bit inference, as TFLite's reference kernels define it: a real multiplier is a
// 31-bit fraction and a power of two, and a product is rounded twice (at bit 31, then by the right shift).
#pragma once

#include <cstdint>
#include <limits>

namespace Atoll {

struct Multiplier {
  std::int32_t fraction = 0;  // real = fraction / 2^31 * 2^shift, fraction in [2^30, 2^31) or 0
  int shift = 0;
};

// Throws Error when `real` is not finite or is negative.
Multiplier quantize_multiplier(double real);

// Sums as TFLite's kernels get them from the machine, where they do not fit.
inline std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

// The high half of 2ab, rounded to nearest, ties away from zero downwards for negatives (ARM's SQRDMULH).
inline std::int32_t doubling_high_mul(std::int32_t a, std::int32_t b) {
  if (a == b && a == std::numeric_limits<std::int32_t>::min()) return std::numeric_limits<std::int32_t>::max();
  const std::int64_t product = std::int64_t{a} * b;
  const std::int64_t nudge = product >= 0 ? (1 << 30) : 1 - (1 << 30);
  return static_cast<std::int32_t>((product + nudge) / (std::int64_t{1} << 31));
}

// x / 2^exponent rounded to nearest, ties away from zero.
inline std::int32_t rounding_shift_right(std::int32_t x, int exponent) {
  const std::int32_t mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

inline std::int32_t multiply(std::int32_t x, Multiplier m) {
  const int left = m.shift > 0 ? m.shift : 0;
  const int right = m.shift > 0 ? 0 : -m.shift;
  const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << left);
  return rounding_shift_right(doubling_high_mul(shifted, m.fraction), right);
}

// exp(x) for x <= 0 given with 26 fraction bits, as a fraction of 2^31.
std::int32_t exp_of_negative(std::int32_t x_q26);

// 1 / x for x > 0 with `integer_bits` integer bits: the result is fraction / 2^31 * 2^-exponent... see the source.
struct Reciprocal {
  std::int32_t fraction = 0;
  int bits_over_unit = 0;
};
Reciprocal reciprocal(std::int32_t x, int integer_bits);

}  // namespace Atoll
