#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "atoll/error.h"
#include "atoll/search.h"
#include "error_of.h"
#include "search/toy_space.h"

namespace Atoll {
namespace {

Scores score(const Genotype& genotype) {
  const double accuracy = ToySpace::accuracy(ToySpace::digits(genotype));
  return {.accuracy = accuracy, .latency_ms = 1, .reward = accuracy};
}

// Best accuracy after each of `evaluations`.
std::vector<double> best_so_far(SearchAlgorithm& algorithm, int evaluations) {
  std::vector<double> best;
  for (int i = 0; i < evaluations; ++i) {
    const Genotype genotype = algorithm.ask();
    const Scores scores = score(genotype);
    algorithm.tell(genotype, scores);
    best.push_back(std::max(best.empty() ? 0 : best.back(), scores.accuracy));
  }
  return best;
}

TEST(MnasReward, IsThePapersFormula) {
  // Hard: the accuracy within the target, accuracy x target / latency above. Soft: w = -0.07 on both sides, so
  // that doubling the latency costs a factor of 2^-0.07, about 5 %.
  EXPECT_DOUBLE_EQ(mnas_reward(0.75, 40, 80), 0.75);
  EXPECT_DOUBLE_EQ(mnas_reward(0.75, 160, 80), 0.375);
  EXPECT_NEAR(mnas_reward(0.5, 160, 80, -0.07, -0.07), 0.5 * 0.952638, 1e-6);
  EXPECT_NEAR(mnas_reward(0.5, 40, 80, -0.07, -0.07), 0.5 / 0.952638, 1e-6);
}

TEST(Reward, IsWhatItsNameSays) {
  EXPECT_DOUBLE_EQ(reward_named("hard")(0.75, 0.5), 0.75);
  EXPECT_DOUBLE_EQ(reward_named("hard")(0.75, 2), 0.375);
  EXPECT_NEAR(reward_named("soft")(0.5, 2), 0.5 * 0.952638, 1e-6);
  EXPECT_DOUBLE_EQ(reward_named("absolute")(0.5, 1.5), 0.45);
  EXPECT_DOUBLE_EQ(reward_named("absolute")(0.5, 0.5), 0.45);
  EXPECT_THAT(error_of([] { reward_named("fair"); }), ::testing::HasSubstr("'fair'; there are: hard"));
}

class EveryAlgorithm : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryAlgorithm, AsksTheSameForTheSameSeed) {
  const ToySpace space;
  const auto a = make_algorithm(GetParam(), space, 5), b = make_algorithm(GetParam(), space, 5);
  const auto other = make_algorithm(GetParam(), space, 6);
  bool differs = false;
  for (int i = 0; i < 150; ++i) {
    const Genotype genotype = a->ask();
    ASSERT_EQ(b->ask(), genotype) << i;
    differs |= other->ask() != genotype;
    a->tell(genotype, score(genotype));
    b->tell(genotype, score(genotype));
  }
  EXPECT_TRUE(differs);
}

TEST_P(EveryAlgorithm, RarelyAsksForTheSameTwice) {
  const ToySpace space;
  const auto algorithm = make_algorithm(GetParam(), space, 1);
  std::set<Genotype> asked;
  for (int i = 0; i < 300; ++i) {
    const Genotype genotype = algorithm->ask();
    EXPECT_TRUE(asked.insert(genotype).second) << i;
    algorithm->tell(genotype, score(genotype));
  }
}

TEST_P(EveryAlgorithm, AsksForANetworkOnceWhicheverGenotypesSayIt) {
  const auto space = make_space("nas-bench-201", {.h = 32, .w = 32, .channels = 3, .classes = 10});
  const auto algorithm = make_algorithm(GetParam(), *space, 1);
  std::set<Genotype> asked;
  for (int i = 0; i < 200; ++i) {
    const Genotype genotype = algorithm->ask(), network = space->canonical(genotype);
    EXPECT_TRUE(asked.insert(network).second) << i;
    double reward = 0.5;
    for (const int choice : network) reward += 0.02 * choice;
    algorithm->tell(genotype, {.accuracy = reward, .latency_ms = 1, .reward = reward});
  }
}

TEST_P(EveryAlgorithm, GoesOnWhereASpaceIsUsedUp) {
  const ToySpace space(2);  // nine networks
  const auto algorithm = make_algorithm(GetParam(), space, 1);
  std::set<Genotype> asked;
  for (int i = 0; i < 200; ++i) {
    const Genotype genotype = algorithm->ask();
    asked.insert(genotype);
    algorithm->tell(genotype, score(genotype));
  }
  EXPECT_EQ(asked.size(), 9u);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithm, ::testing::ValuesIn(algorithm_names()));

TEST(Evolution, FindsBetterNetworksThanRandomSearch) {
  const ToySpace space;
  double evolution = 0, random = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    evolution += best_so_far(*make_algorithm("evolution", space, seed), 300).back();
    random += best_so_far(*make_algorithm("random", space, seed), 300).back();
  }
  EXPECT_GE(evolution / 10, 0.97);
  EXPECT_GE(evolution, random + 1);
}

TEST(Evolution, MutatesOneDecisionOfALivingMember) {
  const ToySpace space;
  const auto algorithm = make_algorithm("evolution", space, {.seed = 3, .population = 5, .sample = 2});
  std::vector<Genotype> told;
  for (int i = 0; i < 60; ++i) {
    const Genotype genotype = algorithm->ask();
    if (i >= 5) {
      int nearest = 99;
      for (std::size_t j = told.size() - 5; j < told.size(); ++j) {
        int distance = 0;
        for (std::size_t d = 0; d < genotype.size(); ++d) distance += told[j][d] != genotype[d];
        nearest = std::min(nearest, distance);
      }
      EXPECT_LE(nearest, 2) << i;
    }
    algorithm->tell(genotype, score(genotype));
    told.push_back(genotype);
  }
}

TEST(Algorithms, AnUnknownNameIsAnsweredWithThoseThatExist) {
  const ToySpace space;
  EXPECT_THROW(
      {
        try {
          make_algorithm("evolutoin", space, 0);
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), ::testing::HasSubstr("'evolutoin'; there are: random, evolution"));
          throw;
        }
      },
      Error);
}

}  // namespace
}  // namespace Atoll
