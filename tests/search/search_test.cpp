#include "atoll/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "atoll/error.h"
#include "error_of.h"
#include "search/fingerprint.h"
#include "search/toy_space.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

TEST(Search, TrainsOnlyCandidatesWithinTheBudgetAndNoMoreThanAllowed) {
  const ToySpace space;
  Objectives objectives = ToySpace::objectives();
  int trained = 0;
  objectives.accuracy = [&](const Graph& graph, std::uint64_t, const TrainHooks&) {
    ++trained;
    EXPECT_LE(ToySpace::latency_ms(graph.description), 12);
    return ToySpace::accuracy(graph.description);
  };
  std::set<std::int64_t> settled;
  const SearchResult result =
      search(space, objectives, {.latency_budget_ms = 12, .candidates = 120, .trained = 20, .seed = 1},
             [&](const Trial& trial) { EXPECT_TRUE(settled.insert(trial.number).second); });
  EXPECT_EQ(trained, 20);
  EXPECT_EQ(result.trials.size(), 120u);
  EXPECT_EQ(settled.size(), 120u);
  EXPECT_EQ(count(result, TrialStatus::kDone), 20);
  EXPECT_EQ(count(result, TrialStatus::kRunning), 0);
  std::set<Genotype> genotypes;
  for (const Trial& trial : result.trials) {
    EXPECT_TRUE(genotypes.insert(trial.genotype).second);
    EXPECT_EQ(trial.scores.latency_ms > 12, trial.status == TrialStatus::kFiltered);
    EXPECT_GT(trial.params, 0);
    if (trial.status == TrialStatus::kDone) {
      EXPECT_LE(trial.scores.accuracy, result.trials[result.best].scores.accuracy);
    }
  }
}

TEST(Search, KeepsToTheBoundOnTheWorkOfTraining) {
  const ToySpace space;
  const SearchResult result =
      search(space, ToySpace::objectives(), {.max_work = 4 * 14, .candidates = 60, .trained = 10});
  for (const Trial& trial : result.trials) EXPECT_EQ(trial.work > 56, trial.status == TrialStatus::kFiltered);
}

TEST(Search, ParetoFrontHoldsWhatNothingDominates) {
  std::vector<Trial> trials(5);
  const double accuracy[] = {0.5, 0.7, 0.6, 0.9, 0.95}, latency[] = {1, 2, 3, 4, 0.1};
  for (std::size_t i = 0; i < 5; ++i) {
    trials[i].scores = {.accuracy = accuracy[i], .latency_ms = latency[i]};
    trials[i].status = i == 4 ? TrialStatus::kFailed : TrialStatus::kDone;
  }
  EXPECT_EQ(pareto_front(trials), (std::vector<std::size_t>{0, 1, 3}));
}

TEST(Search, AFailedTrialKeepsItsErrorAndDoesNotStopTheSearch) {
  const ToySpace space;
  Objectives objectives = ToySpace::objectives();
  int n = 0;
  objectives.accuracy = [&](const Graph& graph, std::uint64_t, const TrainHooks&) -> double {
    ++n;
    if (n % 3 == 0) fail("loss became {}", "nan");
    if (n % 3 == 1) return std::numeric_limits<double>::quiet_NaN();
    return ToySpace::accuracy(graph.description);
  };
  const SearchResult result = search(space, objectives, {.candidates = 60, .trained = 12});
  EXPECT_EQ(count(result, TrialStatus::kDone), 4);
  EXPECT_EQ(count(result, TrialStatus::kFailed), 8);
  for (const Trial& trial : result.trials)
    if (trial.status == TrialStatus::kFailed) {
      EXPECT_THAT(trial.error, ::testing::AnyOf(HasSubstr("loss became nan"), HasSubstr("accuracy is nan")));
    }

  objectives.accuracy = [](const Graph&, std::uint64_t, const TrainHooks&) -> double { fail("the disk is full"); };
  EXPECT_THAT(error_of([&] { search(space, objectives, {.candidates = 10, .trained = 2}); }),
              HasSubstr("every training of the search failed"));
}

TEST(Search, SaysTheFastestWhenNothingMeetsTheBudget) {
  // The fastest network of the toy space needs 1 ms; a random one is never that fast.
  const ToySpace space(20);
  EXPECT_THAT(error_of([&] {
                search(space, ToySpace::objectives(), {.latency_budget_ms = 0.5, .candidates = 50, .trained = 5});
              }),
              HasSubstr("keeps to 0.5 ms: the fastest of"));
  EXPECT_THAT(error_of([&] {
                search(space, ToySpace::objectives(), {.latency_budget_ms = 0.5, .candidates = 50, .trained = 5});
              }),
              HasSubstr("needs 1.000 ms"));
}

TEST(Search, WalksDownToABudgetThatNoRandomCandidateMeets) {
  const ToySpace space(20);
  const SearchResult result =
      search(space, ToySpace::objectives(), {.latency_budget_ms = 2, .candidates = 50, .trained = 5});
  EXPECT_LE(result.trials[result.best].scores.latency_ms, 2);
}

TEST(Search, ATargetThatCannotRunACandidateFiltersIt) {
  const ToySpace space;
  Objectives objectives = ToySpace::objectives();
  objectives.costs = costs_by_latency(
      [](const Graph& graph) { return graph.description[0] == '0' ? std::numeric_limits<double>::infinity() : 1.0; });
  const SearchResult result = search(space, objectives, {.candidates = 60, .trained = 10});
  for (const Trial& trial : result.trials) EXPECT_EQ(trial.genotype[0] == 0, trial.status == TrialStatus::kFiltered);
}

TEST(Search, SaysWhichChoiceKeepsNetworksFromMapping) {
  const ToySpace space;
  Objectives objectives = ToySpace::objectives();
  objectives.obstacles = [](const Graph& graph) {  // choice 2 of decision d1, and 0 of d3, bring in a refused op each
    std::vector<std::string> ops;
    if (graph.description[1] == '2') ops.push_back("SPLIT does not map");
    if (graph.description[3] == '0') ops.push_back("CAST does not map");
    return ops;
  };
  EXPECT_EQ(unmapped_reason(space, objectives, {0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
            "choice 'd1' = 2, 'd3' = 0: SPLIT does not map");
  objectives.costs = costs_by_latency([](const Graph&) { return std::numeric_limits<double>::infinity(); });
  objectives.obstacles = [](const Graph&) { return std::vector<std::string>{"ABS does not map"}; };
  EXPECT_THAT(error_of([&] { search(space, objectives, {.candidates = 5, .trained = 1}); }),
              HasSubstr("whatever is chosen: ABS does not map"));
}

TEST(Search, BlamesNoChoiceForAnOpThatEveryNetworkHas) {
  const ToySpace space;
  Objectives objectives = ToySpace::objectives();
  // As an activation does that no decision is about: the more layers, the more ops, but one there always is.
  objectives.obstacles = [](const Graph& graph) {
    std::vector<std::string> ops(1, "LOGISTIC 'last' does not map");
    for (const char digit : graph.description.substr(0, 4))
      ops.insert(ops.begin(), digit - '0', "LOGISTIC does not map");
    if (graph.description[5] == '1') ops.insert(ops.begin(), "SPLIT does not map");
    return ops;
  };
  EXPECT_EQ(unmapped_reason(space, objectives, {0, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}),
            "whatever is chosen: LOGISTIC 'last' does not map");
}

TEST(Search, IsTheSameForTheSameSeedOnly) {
  const ToySpace space;
  SearchOptions options{.candidates = 100, .trained = 20, .seed = 4};
  const std::string first = fingerprint(search(space, ToySpace::objectives(), options));
  EXPECT_EQ(fingerprint(search(space, ToySpace::objectives(), options)), first);
  options.seed = 5;
  EXPECT_NE(fingerprint(search(space, ToySpace::objectives(), options)), first);
}

TEST(Search, InterruptedLeavesAStoreThatGoesOn) {
  const TemporaryFolder folder;
  const ToySpace space;
  SearchOptions options{.latency_budget_ms = 14, .candidates = 90, .trained = 15, .seed = 2};
  const std::string uninterrupted = fingerprint(search(space, ToySpace::objectives(), options));

  options.store = folder.path() / "store.db";
  options.resume = true;
  Objectives objectives = ToySpace::objectives();
  for (int stop_at = 1; stop_at < 8; ++stop_at) {
    int n = 0;
    objectives.accuracy = [&](const Graph& graph, std::uint64_t, const TrainHooks&) {
      if (++n == stop_at) throw Interrupted();
      return ToySpace::accuracy(graph.description);
    };
    try {
      search(space, objectives, options);
    } catch (const Interrupted&) {
    }
  }
  EXPECT_EQ(fingerprint(search(space, ToySpace::objectives(), options)), uninterrupted);
}

TEST(Search, FinishedIsNotTrainedAgainWhenResumed) {
  const TemporaryFolder folder;
  const ToySpace space;
  const SearchOptions options{.candidates = 60, .trained = 10, .store = folder.path() / "store.db", .resume = true};
  const std::string first = fingerprint(search(space, ToySpace::objectives(), options));
  Objectives none = ToySpace::objectives();
  none.accuracy = [](const Graph&, std::uint64_t, const TrainHooks&) -> double { fail("trained again"); };
  none.costs = [](const Space&, const Genotype&) -> Costs { fail("predicted again"); };
  EXPECT_EQ(fingerprint(search(space, none, options)), first);
}

TEST(Search, RefusesAStoreItMustNotTouch) {
  const TemporaryFolder folder;
  const ToySpace space;
  SearchOptions options{.candidates = 20, .trained = 2, .store = folder.path() / "store.db"};
  search(space, ToySpace::objectives(), options);
  const auto again = [&] { search(space, ToySpace::objectives(), options); };
  EXPECT_THAT(error_of(again), HasSubstr("exists already"));
  options.resume = true;
  options.seed = 9;
  EXPECT_THAT(error_of(again), HasSubstr("belongs to another search"));
  options.seed = 0;
  options.settings = "epochs 3";
  EXPECT_THAT(error_of(again), HasSubstr("epochs 3"));
  options.settings = "";
  EXPECT_EQ(error_of(again), "no error");

  // A second search on the same store while one runs.
  options.store = folder.path() / "other.db";
  Objectives nested = ToySpace::objectives();
  std::string inner;
  nested.accuracy = [&](const Graph&, std::uint64_t, const TrainHooks&) {
    inner = error_of(again);
    return 0.5;
  };
  search(space, nested, options);
  EXPECT_THAT(inner, HasSubstr("in use by another search"));
}

// Killed without warning at random moments, and resumed each time, a search ends bit for bit as if nothing
// had happened.
TEST(Search, KilledAtRandomMomentsGoesOnToTheSameResult) {
  const TemporaryFolder folder;
  const ToySpace space;
  SearchOptions options{.latency_budget_ms = 14, .candidates = 200, .trained = 40, .seed = 8};
  const std::string uninterrupted = fingerprint(search(space, ToySpace::objectives(), options));
  options.store = folder.path() / "store.db";
  options.resume = true;
  Objectives slow = ToySpace::objectives();
  slow.accuracy = [](const Graph& graph, std::uint64_t, const TrainHooks&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    return ToySpace::accuracy(graph.description);
  };
  Rng rng(99);
  int killed = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      search(space, slow, options);
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(rng.below(25)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed += WIFSIGNALED(status);
  }
  EXPECT_GE(killed, 10);
  EXPECT_EQ(fingerprint(search(space, slow, options)), uninterrupted);
}

}  // namespace
}  // namespace Atoll
