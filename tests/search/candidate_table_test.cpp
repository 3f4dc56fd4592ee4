#include "atoll/candidate_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "atoll/error.h"
#include "search/factorized_space.h"
#include "toy_space.h"

namespace Atoll {
namespace {

struct Case {
  const char* space;
  SpaceOptions options;
  const char* target;
  bool softmax;
};

class CandidateTables : public ::testing::TestWithParam<Case> {};

// Costs's == compares every bit of latency and work.
TEST_P(CandidateTables, AnswerWhatThePlainWayDoes) {
  const Case c = GetParam();
  const auto space = make_space(c.space, c.options);
  const auto target = open_target(c.target);
  CandidateTable table(*space, target, c.softmax);
  Rng rng(7, 0);
  for (int i = 0; i < 120; ++i) {
    const Genotype genotype = random_genotype(*space, rng);
    const Costs plain = costs_of(space->build(genotype), *target, c.softmax);
    EXPECT_GT(plain.latency_ms, 0);
    ASSERT_EQ(table.costs(genotype), plain) << space->describe(genotype);
    ASSERT_EQ(table.costs(genotype), plain) << "the second time";
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, CandidateTables,
                         ::testing::Values(Case{"edgetpu", {224, 224, 3, 1000}, "edgetpu-usb3", false},
                                           Case{"edgetpu", {224, 224, 3, 1000}, "edgetpu-pcie", true},
                                           Case{"edgetpu", {97, 65, 3, 10}, "edgetpu-usb2", true},
                                           Case{"edgetpu", {28, 28, 1, 10}, "edgetpu-usb3", false},
                                           Case{"mnasnet", {192, 160, 3, 100}, "edgetpu-devboard", false},
                                           Case{"accel-nasbench", {224, 224, 3, 1000}, "edgetpu-usb3", false}));

TEST(CandidateTable, KnowsThatANetworkDoesNotMap) {
  SpaceTable table = edgetpu_table({.h = 32, .w = 32});
  table.activation = "hard-swish";
  const FactorizedSpace space(table, {.h = 32, .w = 32, .channels = 3, .classes = 10});
  const auto target = open_target("edgetpu-usb3");
  CandidateTable candidates(space, target);
  Rng rng(1, 0);
  const Genotype genotype = random_genotype(space, rng);
  EXPECT_TRUE(std::isinf(candidates.costs(genotype).latency_ms));
  EXPECT_EQ(candidates.costs(genotype), costs_of(space.build(genotype), *target, false));
}

TEST(CandidateTable, GoesThePlainWayWhereASpaceHasNoParts) {
  const ToySpace space(3);
  const auto target = open_target("edgetpu-usb3");
  CandidateTable table(space, target);
  EXPECT_EQ(table.costs({0, 1, 2}), costs_of(space.build({0, 1, 2}), *target, false));
  EXPECT_EQ(table.parts(), 0u);
}

TEST(CandidateTable, RefusesAGenotypeOfAnotherSpace) {
  const auto space = make_space("edgetpu", {.h = 32, .w = 32});
  CandidateTable table(*space, open_target("edgetpu-usb3"));
  EXPECT_THROW(table.costs({0, 1}), Error);
}

}  // namespace
}  // namespace Atoll
