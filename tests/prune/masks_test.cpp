// Schedules and masks: values from the formula by hand, and what a mask must always be.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "atoll/prune.h"
#include "atoll/random.h"

namespace Atoll {
namespace {

// The example of TensorFlow's documentation: from 0.2 to 0.8 between steps 1000 and 2000, power 3.
TEST(SparsitySchedule, FollowsThePolynomialByHand) {
  const SparsitySchedule schedule{.initial = 0.2, .final = 0.8, .begin = 1000, .end = 2000};
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 0), 0);
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 999), 0);
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 1000), 0.2);
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 1250), 0.546875);  // 0.8 - 0.6 * (3/4)^3
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 1500), 0.725);     // 0.8 - 0.6 * (1/2)^3
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 1750), 0.790625);  // 0.8 - 0.6 * (1/4)^3
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 2000), 0.8);
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 1000000), 0.8);
}

TEST(SparsitySchedule, WithoutALengthIsConstant) {
  const SparsitySchedule schedule{.final = 0.5, .begin = 10, .end = 10};
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 9), 0);
  EXPECT_DOUBLE_EQ(sparsity_at(schedule, 10), 0.5);
  EXPECT_FALSE(schedule.changes_masks(9));
  EXPECT_TRUE(schedule.changes_masks(10));
  EXPECT_FALSE(schedule.changes_masks(110));
}

TEST(SparsitySchedule, MakesNewMasksEveryHundredStepsAndAtTheEnd) {
  const SparsitySchedule schedule{.final = 0.5, .begin = 50, .end = 275};
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 0; step < 1000; ++step)
    if (schedule.changes_masks(step)) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{50, 150, 250, 275}));
}

std::int64_t kept(const std::vector<std::uint8_t>& mask) { return std::count(mask.begin(), mask.end(), 1); }

TEST(MagnitudeMask, KeepsExactlyTheRoundedCountOfTheLargest) {
  Rng rng(1);
  for (int draw = 0; draw < 300; ++draw) {
    const auto n = static_cast<std::size_t>(1 + rng.below(200));
    const double sparsity = rng.uniform(0, 1);
    std::vector<float> weights(n);
    // Few different values, so that many are equal.
    for (float& weight : weights) weight = static_cast<float>(rng.below(9) - 4);
    const auto mask = magnitude_mask(weights, sparsity);
    const double exact = static_cast<double>(n) * (1 - sparsity);
    if (std::abs(exact - std::floor(exact) - 0.5) > 1e-9) {
      EXPECT_EQ(kept(mask), std::max<std::int64_t>(1, std::llround(exact)));
    }
    float least_kept = std::numeric_limits<float>::max(), largest_gone = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (mask[i])
        least_kept = std::min(least_kept, std::abs(weights[i]));
      else
        largest_gone = std::max(largest_gone, std::abs(weights[i]));
    EXPECT_GE(least_kept, largest_gone);
  }
}

TEST(MagnitudeMask, TakesHalvesToTheEvenCountAndTheFirstOfEquals) {
  EXPECT_EQ(magnitude_mask(std::vector<float>{3, -1, 2, 1, 5}, 0.5), (std::vector<std::uint8_t>{1, 0, 0, 0, 1}));
  EXPECT_EQ(magnitude_mask(std::vector<float>{1, 1, 1, 1}, 0.5), (std::vector<std::uint8_t>{1, 1, 0, 0}));
  EXPECT_EQ(magnitude_mask(std::vector<float>{1, -2, 0}, 0.999), (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(kept(magnitude_mask(std::vector<float>(100, 1.0f), 0)), 100);
}

TEST(TwoOfFourMask, KeepsTwoOfEveryFourInARow) {
  EXPECT_EQ(two_of_four_mask(std::vector<float>{1, -4, 2, 3, 0, 0, 5, 0}, 8),
            (std::vector<std::uint8_t>{0, 1, 0, 1, 1, 0, 1, 0}));
  // Rows of 6: a block of 4 and one of 2, which stays.
  EXPECT_EQ(two_of_four_mask(std::vector<float>{1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1}, 6),
            (std::vector<std::uint8_t>{0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1}));
  // A row of 3: its two largest.
  EXPECT_EQ(two_of_four_mask(std::vector<float>{1, 3, 2}, 3), (std::vector<std::uint8_t>{0, 1, 1}));
  Rng rng(2);
  for (int draw = 0; draw < 50; ++draw) {
    const std::int64_t row = 4 * (1 + rng.below(8)), rows = 1 + rng.below(20);
    std::vector<float> weights(static_cast<std::size_t>(row * rows));
    for (float& weight : weights) weight = static_cast<float>(rng.normal());
    const auto mask = two_of_four_mask(weights, row);
    for (std::size_t at = 0; at < mask.size(); at += 4)
      EXPECT_EQ(mask[at] + mask[at + 1] + mask[at + 2] + mask[at + 3], 2);
  }
}

}  // namespace
}  // namespace Atoll
