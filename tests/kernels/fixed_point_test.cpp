#include "kernels/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>

#include "atoll/error.h"

namespace Atoll {
namespace {

TEST(FixedPoint, MultiplierIsAFractionOfTwoToThe31AndAPowerOfTwo) {
  const Multiplier half = quantize_multiplier(0.5);
  EXPECT_EQ(half.fraction, 1 << 30);
  EXPECT_EQ(half.shift, 0);
  const Multiplier three = quantize_multiplier(3.0);
  EXPECT_EQ(three.fraction, 3 << 29);  // 3 = 0.75 * 2^2
  EXPECT_EQ(three.shift, 2);
  EXPECT_EQ(quantize_multiplier(std::ldexp(1.0, -40)).fraction, 0);
  EXPECT_EQ(quantize_multiplier(2147483647.0).shift, 31);  // the most that a softmax asks for
  EXPECT_THROW(quantize_multiplier(4294967296.0), Error);
  EXPECT_THROW(quantize_multiplier(-1.0), Error);
  EXPECT_THROW(quantize_multiplier(std::nan("")), Error);
}

TEST(FixedPoint, RoundingShiftGoesToNearestAndTiesAwayFromZero) {
  EXPECT_EQ(rounding_shift_right(5, 1), 3);
  EXPECT_EQ(rounding_shift_right(-5, 1), -3);
  EXPECT_EQ(rounding_shift_right(9, 2), 2);
  EXPECT_EQ(rounding_shift_right(-9, 2), -2);
  EXPECT_EQ(rounding_shift_right(7, 0), 7);
}

TEST(FixedPoint, MultiplyRoundsTwice) {
  EXPECT_EQ(multiply(100, quantize_multiplier(0.25)), 25);
  EXPECT_EQ(multiply(3, quantize_multiplier(4.0)), 12);
  // 11 * 0.125 = 1.375; the high product of 11 and 2^30 is 5.5, rounded to 6; 6 / 4 = 1.5, rounded to 2.
  EXPECT_EQ(multiply(11, Multiplier{1 << 30, -2}), 2);
}

TEST(FixedPoint, ExpAndReciprocalAreNearTheRealOnes) {
  for (double x : {0.0, -0.01, -0.25, -0.7, -1.0, -3.3, -10.0}) {
    const std::int32_t q = exp_of_negative(static_cast<std::int32_t>(std::lround(x * (1 << 26))));
    EXPECT_NEAR(q / 2147483648.0, std::exp(x), 1e-6) << x;
  }
  for (int x : {1 << 19, 3 << 18, 5 << 19, 100 << 19, (1 << 19) + 7777}) {
    const Reciprocal r = reciprocal(x, 12);
    EXPECT_NEAR(r.fraction / 2147483648.0 * std::ldexp(1.0, -r.bits_over_unit) * (x / 524288.0), 1.0, 1e-6) << x;
  }
}

}  // namespace
}  // namespace Atoll
