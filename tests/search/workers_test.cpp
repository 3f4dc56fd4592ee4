// Searches whose trials are trained by other processes, through a store in a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "atoll/error.h"
#include "atoll/worker.h"
#include "base/log.h"
#include "error_of.h"
#include "search/child_process.h"
#include "search/fingerprint.h"
#include "search/slow_toy.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

class Workers : public testing::Test {
 protected:
  Workers() { set_verbosity(Verbosity::kQuiet); }
  ~Workers() override { set_verbosity(Verbosity::kNormal); }

  std::string store() const { return (folder_ / "store.db").string(); }
  // A worker whose exit code is the number of results that it brought in.
  ChildProcess worker(int steps = 4) const {
    return ChildProcess([&, steps] {
      WorkerOptions options;
      options.lease_s = 1;
      for (int i = 0; i < 500; ++i) {
        try {
          open_store(store());
          break;
        } catch (const Error&) {  // the search has not begun
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
      }
      return static_cast<int>(work(store(), ToySpace(), slow_objectives(steps, 2), options).counted);
    });
  }

  TemporaryFolder folder_;
  SearchOptions options_{.latency_budget_ms = 14, .candidates = 80, .trained = 16, .seed = 8};
};

TEST_F(Workers, OneGivesTheSameAsNone) {
  const ToySpace space;
  options_.rungs = {1};
  const std::string alone = fingerprint(search(space, slow_objectives(8, 0), options_));
  options_.store = store();
  options_.workers = 1;
  ChildProcess one = worker(8), two = worker(8);  // more hands than trials at a time
  EXPECT_EQ(fingerprint(search(space, ToySpace::objectives(), options_)), alone);
  EXPECT_EQ(one.wait() + two.wait(), 16);
}

TEST_F(Workers, SeveralTrainEachTrialOnceAndTheSearchCanBeReplayed) {
  const ToySpace space;
  options_.store = store();
  options_.workers = 3;
  std::vector<ChildProcess> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(worker());
  const SearchResult result = search(space, ToySpace::objectives(), options_);
  int counted = 0;
  for (ChildProcess& one : workers) counted += one.wait();
  EXPECT_EQ(counted, 16);
  EXPECT_EQ(count(result, TrialStatus::kDone), 16);

  options_.resume = true;
  Objectives none = ToySpace::objectives();
  none.costs = [](const Space&, const Genotype&) -> Costs { fail("counted again"); };
  EXPECT_EQ(fingerprint(search(space, none, options_)), fingerprint(result));
  options_.workers = 2;
  EXPECT_THAT(error_of([&] { search(space, none, options_); }), HasSubstr("belongs to another search"));
}

TEST_F(Workers, GoOnWhenTheSearchIsKilledAndResumed) {
  const ToySpace space;
  options_.store = store();
  options_.workers = 2;
  options_.resume = true;
  options_.trained = 24;
  std::vector<ChildProcess> workers;
  for (int i = 0; i < 2; ++i) workers.push_back(worker());
  Rng rng(5);
  for (int i = 0; i < 6; ++i) {
    ChildProcess driver([&] {
      search(space, ToySpace::objectives(), options_);
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + rng.below(60)));
    driver.signal(SIGKILL);
    driver.wait();
  }
  const SearchResult result = search(space, ToySpace::objectives(), options_);
  EXPECT_EQ(count(result, TrialStatus::kDone), 24);
  EXPECT_EQ(fingerprint(search(space, ToySpace::objectives(), options_)), fingerprint(result));
  for (ChildProcess& one : workers) one.signal(SIGKILL);
}

TEST_F(Workers, AKilledOneLosesNothingButItsTrial) {
  const ToySpace space;
  options_.store = store();
  options_.workers = 2;
  ChildProcess good = worker(), bad = worker(100000);  // the bad one never ends a trial
  ChildProcess killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    bad.signal(SIGKILL);
    return 0;
  });
  const SearchResult result = search(space, ToySpace::objectives(), options_);
  EXPECT_EQ(count(result, TrialStatus::kDone), 16);
  EXPECT_EQ(good.wait(), 16);
}

TEST_F(Workers, NeedAStore) {
  const ToySpace space;
  options_.workers = 1;
  EXPECT_THAT(error_of([&] { search(space, ToySpace::objectives(), options_); }), HasSubstr("needs a store"));
}

TEST_F(Workers, BringFailuresInAsResults) {
  const ToySpace space;
  options_.store = store();
  options_.workers = 1;
  ChildProcess one([&] {
    Objectives objectives = ToySpace::objectives();
    objectives.accuracy = [](const Graph& graph, std::uint64_t, const TrainHooks&) -> double {
      if (graph.description[0] != '0') fail("the disk is full");
      return ToySpace::accuracy(graph.description);
    };
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return static_cast<int>(work(store(), ToySpace(), objectives, {}).failed);
  });
  const SearchResult result = search(space, ToySpace::objectives(), options_);
  const std::int64_t failed = count(result, TrialStatus::kFailed);
  EXPECT_GT(failed, 0);
  EXPECT_EQ(one.wait(), failed);
  for (const Trial& trial : result.trials)
    if (trial.status == TrialStatus::kFailed) {
      EXPECT_EQ(trial.error, "the disk is full");
    }
}

}  // namespace
}  // namespace Atoll
