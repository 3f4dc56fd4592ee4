// Four workers on a PostgreSQL server: two are killed, one is cut off from the database for a while, and every trial
// is done exactly once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "atoll/error.h"
#include "atoll/worker.h"
#include "base/log.h"
#include "search/fingerprint.h"
#include "search/postgres_server.h"
#include "search/slow_toy.h"

namespace Atoll {
namespace {

constexpr int kTrials = 40;
constexpr double kLeaseSeconds = 1;

ChildProcess worker(const std::string& url, const std::string& name) {
  return ChildProcess([=] {
    set_verbosity(Verbosity::kQuiet);
    WorkerOptions options;
    options.name = name;
    options.lease_s = kLeaseSeconds;
    options.store.answer_s = 2;
    return static_cast<int>(work(url, ToySpace(), slow_objectives(40, 5), options).counted);
  });
}

void sleep_s(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

TEST(PostgresWorkers, EveryTrialIsDoneOnceThoughTwoAreKilledAndOneIsCutOff) {
  if (const std::string reason = PostgresServer::missing(); !reason.empty()) GTEST_SKIP() << reason;
  PostgresServer server;
  const Forwarder forwarder(server.port());
  const ToySpace space;
  SearchOptions options{.latency_budget_ms = 20, .candidates = 160, .trained = kTrials, .seed = 8};
  options.store = server.url();
  options.workers = 4;

  // In a process of its own, so that this one decides what happens meanwhile.
  ChildProcess driver([&] {
    set_verbosity(Verbosity::kQuiet);
    std::set<std::int64_t> told;
    bool twice = false;
    const SearchResult result = search(space, ToySpace::objectives(), options,
                                       [&](const Trial& trial) { twice |= !told.insert(trial.number).second; });
    return count(result, TrialStatus::kDone) == kTrials && !twice ? 0 : 1;
  });
  const auto progress = [&](std::size_t trials) {  // waits until so many are done
    for (int i = 0; i < 1200; ++i, sleep_s(0.05)) {
      try {
        std::size_t done = 0;
        for (const Trial& trial : open_store(server.url())->trials()) done += trial.finished > 0;
        if (done >= trials) return;
      } catch (const Error&) {  // the search has not begun
      }
    }
    FAIL() << "the search does not go on";
  };
  const auto busy = [&](const std::string& name) {  // waits until this worker is in the middle of a trial
    for (int i = 0; i < 6000; ++i, sleep_s(0.005))
      for (const Trial& trial : open_store(server.url())->trials())
        if (trial.worker == name && trial.attempts > 0 && trial.finished == 0) return;
    FAIL() << "worker '" << name << "' has no trial";
  };
  progress(0);
  ChildProcess first = worker(server.url(), "first"), second = worker(server.url(), "second"),
               cut_off = worker(server.url_by(forwarder.port(), "atoll"), "cut off"),
               fourth = worker(server.url(), "fourth");
  progress(4);
  busy("first");
  first.signal(SIGKILL);
  forwarder.cut();
  progress(8);
  busy("second");
  second.signal(SIGKILL);
  sleep_s(3 * kLeaseSeconds);
  forwarder.mend();
  EXPECT_EQ(driver.wait(), 0);
  EXPECT_EQ(first.wait(), 128 + SIGKILL);
  EXPECT_EQ(second.wait(), 128 + SIGKILL);
  EXPECT_LT(cut_off.wait(), kTrials);
  EXPECT_GT(fourth.wait(), 0);

  std::map<std::string, int> by_worker;
  std::set<std::int64_t> order;
  std::int64_t attempts = 0;
  for (const Trial& trial : open_store(server.url())->trials()) {
    if (trial.finished == 0) continue;
    EXPECT_EQ(trial.status, TrialStatus::kDone);
    EXPECT_EQ(trial.scores.accuracy, ToySpace::accuracy(ToySpace::digits(trial.genotype)));
    EXPECT_TRUE(order.insert(trial.finished).second);
    ++by_worker[trial.worker];
    attempts += trial.attempts;
  }
  EXPECT_EQ(order.size(), static_cast<std::size_t>(kTrials));
  EXPECT_EQ(*order.rbegin(), kTrials);
  EXPECT_GE(attempts, kTrials + 2) << "the killed workers' trials were begun again";
  EXPECT_GT(by_worker["fourth"], by_worker["first"]);

  // What was decided in the order of finishing is decided again, without any training.
  options.resume = true;
  Objectives none = ToySpace::objectives();
  none.costs = [](const Space&, const Genotype&) -> Costs { fail("counted again"); };
  const std::string once = fingerprint(search(space, none, options));
  EXPECT_EQ(fingerprint(search(space, none, options)), once);
}

}  // namespace
}  // namespace Atoll
