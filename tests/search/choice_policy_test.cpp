#include "search/oneshot/choice_policy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "error_of.h"

namespace Atoll {
namespace {

const std::vector<Decision> kDecisions = {{"a", {"0", "1"}}, {"b", {"0", "1", "2"}}};

TEST(ChoicePolicy, BeginsUniform) {
  const ChoicePolicy policy(kDecisions);
  for (const double p : policy.probabilities(1)) EXPECT_DOUBLE_EQ(p, 1.0 / 3);
  EXPECT_NEAR(policy.entropy(), (std::log(2.0) + std::log(3.0)) / 2, 1e-12);
  EXPECT_NEAR(policy.log_probability({1, 2}), -std::log(6.0), 1e-12);
}

// By hand. The first reward makes the baseline, and moves nothing. The second is 1 above it, so that decision a has
// the gradient (1/2, -1/2): its mean square is 0.001 / 4, divided by 1 - 0.999^2 that is 0.12506..., and the step
// 0.1 * 0.5 / sqrt(0.12506...) = 0.1413860.
TEST(ChoicePolicy, MovesByTheGradientOverItsMeanSquare) {
  ChoicePolicy policy(kDecisions);
  policy.update({1, 1}, 1.0, 0.1, 0.95);
  EXPECT_DOUBLE_EQ(policy.probabilities(0)[0], 0.5);
  policy.update({0, 2}, 2.0, 0.1, 0.95);
  const double step = 0.1 * 0.5 / std::sqrt(0.25 * 0.001 / (1 - 0.999 * 0.999));
  EXPECT_NEAR(step, 0.141386, 1e-6);
  const std::vector<double> p = policy.probabilities(0);
  EXPECT_NEAR(std::log(p[0] / p[1]), 2 * step, 1e-6);
}

TEST(ChoicePolicy, BaselineIsTheMovingMeanOfEarlierRewards) {
  ChoicePolicy policy(kDecisions);
  // (0.05 * 0.95 * 1 + 0.05 * 3) / (0.05 * 0.95 + 0.05) = 2.0256...: a reward of as much moves nothing.
  policy.update({1, 1}, 1.0, 0, 0.95);
  policy.update({1, 1}, 3.0, 0, 0.95);
  policy.update({0, 1}, (0.0475 + 0.15) / 0.0975, 1.0, 0.95);
  EXPECT_NEAR(policy.probabilities(0)[0], 0.5, 1e-9);
}

TEST(ChoicePolicy, FindsWhatIsRewarded) {
  ChoicePolicy policy(kDecisions);
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const Genotype genotype = policy.sample(rng);
    policy.update(genotype, 0.1 * (genotype[0] == 1) + 0.1 * (genotype[1] == 2) + 0.1 * rng.normal(), 0.02, 0.95);
  }
  EXPECT_EQ(policy.most_probable(), (Genotype{1, 2}));
  EXPECT_GT(policy.probabilities(0)[1], 0.9);
  EXPECT_GT(policy.probabilities(1)[2], 0.9);
}

TEST(ChoicePolicy, GoesOnFromWhatItWrote) {
  ChoicePolicy policy(kDecisions), other(kDecisions);
  for (const double reward : {1.0, 2.0, 0.5}) policy.update({0, 1}, reward, 0.1, 0.9);
  training::ByteWriter writer;
  policy.write(writer);
  const std::vector<std::byte> bytes = writer.take();
  training::ByteReader reader(bytes);
  other.read(reader);
  policy.update({1, 2}, 3, 0.1, 0.9);
  other.update({1, 2}, 3, 0.1, 0.9);
  for (std::size_t d = 0; d < 2; ++d) EXPECT_EQ(policy.probabilities(d), other.probabilities(d));

  ChoicePolicy smaller({{"a", {"0", "1"}}});
  training::ByteReader again(bytes);
  smaller.read(again);
  EXPECT_FALSE(again.at_end());  // whoever reads a checkpoint sees that it was another space's
}

}  // namespace
}  // namespace Atoll
