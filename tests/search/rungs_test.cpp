#include "search/rungs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "error_of.h"
#include "search/fingerprint.h"
#include "search/slow_toy.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

constexpr double kNoBar = -std::numeric_limits<double>::infinity();

std::vector<Trial> reached(const std::vector<std::vector<double>>& accuracies) {
  std::vector<Trial> trials;
  for (const auto& row : accuracies) {
    Trial trial;
    for (std::size_t r = 0; r < 2; ++r)
      trial.rungs.push_back({static_cast<int>(r) + 1, kNoBar, r < row.size() ? row[r] : -1});
    trials.push_back(trial);
  }
  return trials;
}

double bar(double eta, const std::vector<std::vector<double>>& accuracies, std::size_t rung = 0) {
  return rungs_for({1, 2}, eta, reached(accuracies)).at(rung).bar;
}

// By hand: the newcomer makes n of them; it passes among the best ceil(n / eta), that is, when no worse than the one
// in that place of the others.
TEST(Rungs, PassTheBestOfThoseThatCame) {
  EXPECT_EQ(bar(2, {}), kNoBar);
  EXPECT_EQ(bar(2, {{0.5}}), kNoBar);                                         // n = 2: too few
  EXPECT_EQ(bar(2, {{0.5}, {0.7}}), 0.5);                                     // n = 3: the best 2
  EXPECT_EQ(bar(2, {{0.5}, {0.7}, {0.6}}), 0.6);                              // n = 4: the best 2
  EXPECT_EQ(bar(2, {{0.5}, {0.7}, {0.6}, {0.9}}), 0.6);                       // n = 5: the best 3
  EXPECT_EQ(bar(4, {{0.1}, {0.2}, {0.3}}), kNoBar);                           // n = 4: too few for eta 4
  EXPECT_EQ(bar(4, {{0.1}, {0.2}, {0.3}, {0.4}}), 0.3);                       // n = 5: the best 2
  EXPECT_EQ(bar(4, {{0.1}, {0.2}, {0.3}, {0.4}, {0.5}, {0.6}, {0.7}}), 0.6);  // n = 8: the best 2
}

TEST(Rungs, LaterOnesKnowOnlyThoseThatCameSoFar) {
  const std::vector<std::vector<double>> accuracies = {{0.5, 0.6}, {0.1}, {0.2}, {0.7, 0.8}};
  EXPECT_EQ(bar(2, accuracies, 1), 0.6);  // of two that came there, and the newcomer: the best 2
  EXPECT_EQ(bar(2, accuracies, 0), 0.2);  // n = 5: the best 3
}

TEST(Rungs, MustAscend) {
  EXPECT_EQ(error_of([] { require_rungs({}, 2); }), "no error");
  EXPECT_EQ(error_of([] { require_rungs({1, 2, 4}, 2); }), "no error");
  EXPECT_THAT(error_of([] { require_rungs({2, 2}, 2); }), HasSubstr("later than the one before"));
  EXPECT_THAT(error_of([] { require_rungs({0}, 2); }), HasSubstr("at least 1"));
  EXPECT_THAT(error_of([] { require_rungs({1}, 1); }), HasSubstr("must be above 1"));
}

TEST(Rungs, StopTheHopelessAndAreTheSameWhenResumed) {
  const TemporaryFolder folder;
  const ToySpace space;
  SearchOptions options{.algorithm = "random", .candidates = 60, .trained = 30, .rungs = {1, 2}, .seed = 3};
  Objectives objectives = slow_objectives(16, 0);
  std::int64_t epochs = 0;
  const auto inner = objectives.accuracy;
  objectives.accuracy = [&](const Graph& graph, std::uint64_t seed, const TrainHooks& hooks) {
    TrainHooks counting = hooks;
    counting.stop = [&](const EpochRecord& record) {
      ++epochs;
      return hooks.stop(record);
    };
    return inner(graph, seed, counting);
  };
  const SearchResult result = search(space, objectives, options);
  const std::int64_t stopped = count(result, TrialStatus::kStopped), done = count(result, TrialStatus::kDone);
  EXPECT_EQ(stopped + done, 30);
  EXPECT_GE(stopped, 5);
  EXPECT_GE(done, 5);
  EXPECT_LT(epochs, 30 * 4);
  for (const Trial& trial : result.trials) {
    for (const Rung& rung : trial.rungs) {
      const bool below = rung.accuracy >= 0 && rung.accuracy < rung.bar;
      if (below) {
        EXPECT_EQ(trial.status, TrialStatus::kStopped);
        EXPECT_EQ(trial.scores.accuracy, rung.accuracy);
      }
    }
    if (trial.status == TrialStatus::kDone) {
      EXPECT_EQ(trial.scores.accuracy, ToySpace::accuracy(ToySpace::digits(trial.genotype)));
    }
  }
  EXPECT_EQ(result.trials[result.best].status, TrialStatus::kDone);

  options.store = (folder / "store.db").string();
  options.resume = true;
  EXPECT_EQ(fingerprint(search(space, slow_objectives(16, 0), options)), fingerprint(result));
  EXPECT_EQ(fingerprint(search(space, slow_objectives(16, 0), options)), fingerprint(result));
}

}  // namespace
}  // namespace Atoll
