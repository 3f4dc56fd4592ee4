#include "kernels/fixed_point.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "atoll/error.h"

namespace Atoll {
namespace {

constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();

// x * 2^exponent, saturated.
std::int32_t saturating_shift_left(std::int32_t x, int exponent) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(std::int64_t{x} << exponent, kMin, kMax));
}

// exp(a) on [-1/4, 0) with 31 fraction bits: Taylor's series to the fourth order around -1/8.
std::int32_t exp_near_zero(std::int32_t a) {
  constexpr std::int32_t kExpMinusEighth = 1895147668;
  constexpr std::int32_t kThird = 715827883;
  const std::int32_t x = wrapping_add(a, 1 << 28);
  const std::int32_t x2 = doubling_high_mul(x, x);
  const std::int32_t x3 = doubling_high_mul(x2, x);
  const std::int32_t x4_over_4 = rounding_shift_right(doubling_high_mul(x2, x2), 2);
  const std::int32_t cubic = doubling_high_mul(wrapping_add(x4_over_4, x3), kThird);
  const std::int32_t tail = rounding_shift_right(wrapping_add(cubic, x2), 1);
  return wrapping_add(kExpMinusEighth, doubling_high_mul(kExpMinusEighth, wrapping_add(x, tail)));
}

}  // namespace

Multiplier quantize_multiplier(double real) {
  if (!std::isfinite(real) || real < 0) fail("a quantization multiplier is {}, but should be positive", real);
  if (real == 0) return {};
  Multiplier m;
  const double q = std::frexp(real, &m.shift);
  auto fraction = static_cast<std::int64_t>(std::round(q * static_cast<double>(std::int64_t{1} << 31)));
  if (fraction == std::int64_t{1} << 31) {
    fraction /= 2;
    ++m.shift;
  }
  if (m.shift < -31) return {};
  // 31 is what a softmax of logits with a scale of 32 or more needs; its differences are 0 then.
  if (m.shift > 31) fail("a quantization multiplier is {}, but should be below 2^31", real);
  m.fraction = static_cast<std::int32_t>(fraction);
  return m;
}

std::int32_t exp_of_negative(std::int32_t x) {
  if (x == 0) return kMax;
  constexpr int kFractionBits = 26;
  constexpr std::int32_t kQuarter = 1 << (kFractionBits - 2);
  const std::int32_t below_quarter = (x & (kQuarter - 1)) - kQuarter;
  std::int32_t result = exp_near_zero(saturating_shift_left(below_quarter, 31 - kFractionBits));
  const std::int32_t remainder = wrapping_add(below_quarter, -x);
  // exp(-2^k) for k = -2 .. 4.
  constexpr std::int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (int k = 0; k < 7; ++k)
    if (remainder & (1 << (kFractionBits - 2 + k))) result = doubling_high_mul(result, kFactors[k]);
  return result;
}

Reciprocal reciprocal(std::int32_t x, int integer_bits) {
  const int headroom = std::countl_zero(static_cast<std::uint32_t>(x));
  // x scaled to 1 + a with a in [0, 1), 31 fraction bits.
  const auto a = static_cast<std::int32_t>((static_cast<std::uint32_t>(x) << headroom) - (std::uint32_t{1} << 31));
  // Newton and Raphson for 1 / ((1 + a) / 2), 29 fraction bits, from the linear estimate 48/17 - 32/17 d.
  const auto half = static_cast<std::int32_t>((std::int64_t{a} + kMax + 1) / 2);
  constexpr std::int32_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540;
  std::int32_t y = wrapping_add(k48Over17, doubling_high_mul(half, kMinus32Over17));
  for (int i = 0; i < 3; ++i) {
    const std::int32_t rest = wrapping_add(1 << 29, -doubling_high_mul(half, y));
    y = wrapping_add(y, saturating_shift_left(doubling_high_mul(y, rest), 2));
  }
  return {saturating_shift_left(y, 1), integer_bits - headroom};
}

}  // namespace Atoll
