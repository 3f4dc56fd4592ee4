#include "search/store_contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <set>
#include <thread>

#include "error_of.h"

namespace Atoll {

Trial some_trial(std::int64_t number) {
  return {.number = number,
          .genotype = {1, 0, 12, 3},
          .seed = 0xfedcba9876543210ull,
          .status = TrialStatus::kDone,
          .scores = {0.1 + 0.2, 1.0 / 3.0, 0.7, true, 300'000, 70'000, 5'000'000'000},
          .macs = 5'000'000'000,
          .params = 123,
          .work = 1e9 / 3,
          .seconds = 4.5,
          .error = "it's \"odd\", so: $1 \\ \u00e9",
          .worker = "here",
          .rungs = {{1, -std::numeric_limits<double>::infinity(), 1.0 / 7}, {3, 0.1, -1}}};
}

namespace {

using ::testing::HasSubstr;

void expect_equal(const Trial& a, const Trial& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.genotype, b.genotype);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.scores.accuracy, b.scores.accuracy);
  EXPECT_EQ(a.scores.latency_ms, b.scores.latency_ms);
  EXPECT_EQ(a.scores.reward, b.scores.reward);
  EXPECT_EQ(a.scores.feasible, b.scores.feasible);
  EXPECT_EQ(a.scores.size_bytes, b.scores.size_bytes);
  EXPECT_EQ(a.scores.memory_bytes, b.scores.memory_bytes);
  EXPECT_EQ(a.scores.offchip_bytes, b.scores.offchip_bytes);
  EXPECT_EQ(a.macs, b.macs);
  EXPECT_EQ(a.params, b.params);
  EXPECT_EQ(a.work, b.work);
  EXPECT_EQ(a.seconds, b.seconds);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.worker, b.worker);
  EXPECT_EQ(a.rungs, b.rungs);
}

Trial waiting_trial(std::int64_t number) {
  Trial trial = some_trial(number);
  trial.status = TrialStatus::kWaiting;
  trial.error = trial.worker = "";
  trial.seconds = 0;
  return trial;
}

Trial result_of(Trial trial, double accuracy) {
  trial.status = TrialStatus::kDone;
  trial.scores.accuracy = trial.scores.reward = accuracy;
  trial.seconds = 10 + accuracy;
  return trial;
}

Lease lease_of(const std::string& who, double seconds = 60) { return {who, who + "'s token", seconds}; }

std::unique_ptr<TrialStore> with_waiting(const std::string& place, int trials) {
  auto store = own_store(place, "some search", "the task", false);
  for (int i = 0; i < trials; ++i) store->add({waiting_trial(i)});
  return store;
}

void sleep_s(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

void gives_back_every_bit(const std::string& place) {
  Trial unmapped = some_trial(1);
  unmapped.status = TrialStatus::kFiltered;
  unmapped.scores.latency_ms = std::numeric_limits<double>::infinity();
  unmapped.rungs.clear();
  std::vector<Trial> many;
  for (int i = 2; i < 450; ++i) many.push_back(some_trial(i));
  {
    const auto store = own_store(place, "some search, \"quoted\"", "{\"a\": 1}", false);
    store->add({some_trial(0)});
    store->add({unmapped});
    store->add(many);
    store->add({});
    store->set_over();
  }
  const auto store = open_store(place);
  EXPECT_EQ(store->settings(), "some search, \"quoted\"");
  EXPECT_EQ(store->task(), "{\"a\": 1}");
  EXPECT_TRUE(store->over());
  const std::vector<Trial> trials = store->trials();
  ASSERT_EQ(trials.size(), 450u);
  expect_equal(trials[0], some_trial(0));
  expect_equal(trials[1], unmapped);
  for (std::size_t i = 2; i < trials.size(); ++i) expect_equal(trials[i], some_trial(static_cast<std::int64_t>(i)));
}

void refuses_another_search(const std::string& place) {
  own_store(place, "space edgetpu, seed 1", "", false);
  EXPECT_THAT(error_of([&] { own_store(place, "space edgetpu, seed 1", "", false); }), HasSubstr("exists already"));
  const std::string message = error_of([&] { own_store(place, "space edgetpu, seed 2", "", true); });
  EXPECT_THAT(message, HasSubstr("belongs to another search: it has seed 1, but this search has seed 2"));
  EXPECT_EQ(error_of([&] { own_store(place, "space edgetpu, seed 1", "", true); }), "no error");
}

void has_one_owner(const std::string& place) {
  const auto first = own_store(place, "some search", "", false);
  EXPECT_THAT(error_of([&] { own_store(place, "some search", "", true); }), HasSubstr("in use by another search"));
  EXPECT_EQ(error_of([&] { open_store(place)->trials(); }), "no error");  // but many readers
}

void hands_out_each_trial_once(const std::string& place) {
  const auto store = with_waiting(place, 3);
  const auto other = open_store(place);
  std::set<std::int64_t> numbers;
  for (const auto& [from, who] : {std::pair{store.get(), "a"}, {other.get(), "b"}, {store.get(), "c"}}) {
    const auto trial = from->claim(lease_of(who));
    ASSERT_TRUE(trial.has_value());
    EXPECT_TRUE(numbers.insert(trial->number).second);
    EXPECT_EQ(trial->worker, who);
    EXPECT_EQ(trial->status, TrialStatus::kRunning);
    EXPECT_EQ(trial->rungs, some_trial(0).rungs);
  }
  EXPECT_EQ(other->claim(lease_of("d")), std::nullopt);
  // Asked again in the same words, because the answer was lost: the same trial, and not one more attempt.
  const auto again = other->claim(lease_of("b"));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->attempts, 1);
}

void counts_a_result_once_in_the_order_of_finishing(const std::string& place) {
  const auto store = with_waiting(place, 2);
  Trial first = *store->claim(lease_of("a")), second = *store->claim(lease_of("b"));
  EXPECT_TRUE(store->finished({0, 1}).empty());
  EXPECT_TRUE(store->finish(result_of(second, 0.5)));
  EXPECT_TRUE(store->finish(result_of(first, 0.25)));
  EXPECT_TRUE(store->finish(result_of(first, 0.25)));  // again, for the answer was lost
  Trial late = first;
  late.worker = "c";
  EXPECT_FALSE(store->finish(result_of(late, 0.75)));
  const std::vector<Trial> finished = store->finished({0, 1});
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].number, 1);
  EXPECT_EQ(finished[0].finished, 1);
  EXPECT_EQ(finished[1].number, 0);
  EXPECT_EQ(finished[1].finished, 2);
  EXPECT_EQ(finished[1].scores.accuracy, 0.25);
  EXPECT_EQ(store->finished({1}).size(), 1u);
  store->offer(waiting_trial(1));  // what has a result is not offered again
  EXPECT_EQ(store->claim(lease_of("d")), std::nullopt);
}

void passes_on_the_trial_of_a_silent_worker(const std::string& place) {
  const auto store = with_waiting(place, 1);
  Trial lost = *store->claim(lease_of("silent", 0.3));
  EXPECT_EQ(store->claim(lease_of("b")), std::nullopt);
  EXPECT_EQ(store->renew(0, lease_of("silent", 0.3)), LeaseState::kHeld);
  sleep_s(0.5);
  const Trial taken = *store->claim(lease_of("b"));
  EXPECT_EQ(taken.attempts, 2);
  EXPECT_EQ(store->renew(0, lease_of("silent")), LeaseState::kTaken);
  EXPECT_EQ(store->renew(0, lease_of("b")), LeaseState::kHeld);
  EXPECT_TRUE(store->finish(result_of(lost, 0.5)));  // it was late, but came first
  EXPECT_EQ(store->renew(0, lease_of("b")), LeaseState::kCounted);
  EXPECT_FALSE(store->finish(result_of(taken, 0.5)));
  EXPECT_EQ(store->trials()[0].worker, "silent");
}

void signs_of_life_keep_a_trial(const std::string& place) {
  const auto store = with_waiting(place, 1);
  ASSERT_TRUE(store->claim(lease_of("a", 0.4)).has_value());
  for (int i = 0; i < 5; ++i) {
    sleep_s(0.15);
    EXPECT_EQ(store->renew(0, lease_of("a", 0.4)), LeaseState::kHeld);
    EXPECT_EQ(store->claim(lease_of("b")), std::nullopt);
  }
}

void takes_a_trial_back(const std::string& place) {
  const auto store = with_waiting(place, 1);
  ASSERT_TRUE(store->claim(lease_of("a")).has_value());
  store->release(0, lease_of("not a"));
  EXPECT_EQ(store->claim(lease_of("b")), std::nullopt);
  store->release(0, lease_of("a"));
  const auto trial = store->claim(lease_of("b"));
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->attempts, 1);
}

void gives_a_trial_up_that_kills_its_workers(const std::string& place) {
  const auto store = with_waiting(place, 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store->claim(lease_of(fmt::format("worker {}", i), 0.05)).has_value());
    sleep_s(0.1);
  }
  EXPECT_EQ(store->claim(lease_of("the next")), std::nullopt);
  const Trial trial = store->finished({0}).at(0);
  EXPECT_EQ(trial.status, TrialStatus::kFailed);
  EXPECT_THAT(trial.error, HasSubstr("3 workers began this trial"));
}

void offers_again_what_its_owner_was_training(const std::string& place) {
  {
    const auto store = own_store(place, "some search", "", false);
    store->add({waiting_trial(0), waiting_trial(1)});
    Trial own = waiting_trial(0);
    own.status = TrialStatus::kRunning;
    store->offer(own);
    EXPECT_EQ(store->claim(lease_of("a"))->number, 1);  // the owner's own is nobody else's
    EXPECT_EQ(store->claim(lease_of("b")), std::nullopt);
  }
  const auto store = own_store(place, "some search", "", true);
  EXPECT_EQ(store->claim(lease_of("b"))->number, 0);
}

void serves_many_at_once(const std::string& place) {
  constexpr int kTrials = 60, kWorkers = 4;
  const auto owner = with_waiting(place, kTrials);
  std::vector<std::thread> workers;
  std::vector<std::vector<std::int64_t>> done(kWorkers);
  for (std::size_t w = 0; w < kWorkers; ++w)
    workers.emplace_back([&, w] {
      const auto store = open_store(place);
      for (int n = 0;; ++n) {
        const auto trial = store->claim({fmt::format("w{}", w), fmt::format("{}:{}", w, n), 60});
        if (!trial) return;
        if (store->finish(result_of(*trial, 0.5))) done[w].push_back(trial->number);
      }
    });
  for (std::thread& worker : workers) worker.join();
  std::set<std::int64_t> numbers, order;
  std::size_t total = 0;
  for (const auto& list : done) {
    numbers.insert(list.begin(), list.end());
    total += list.size();
  }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kTrials));
  EXPECT_EQ(total, numbers.size());
  for (const Trial& trial : owner->trials()) order.insert(trial.finished);
  EXPECT_EQ(order.size(), static_cast<std::size_t>(kTrials));
  EXPECT_EQ(*order.begin(), 1);
  EXPECT_EQ(*order.rbegin(), kTrials);
}

}  // namespace

const std::vector<StoreCase>& store_cases() {
  static const std::vector<StoreCase> kCases = {
      {"GivesBackEveryBit", gives_back_every_bit},
      {"RefusesAnotherSearch", refuses_another_search},
      {"HasOneOwner", has_one_owner},
      {"HandsOutEachTrialOnce", hands_out_each_trial_once},
      {"CountsAResultOnceInTheOrderOfFinishing", counts_a_result_once_in_the_order_of_finishing},
      {"PassesOnTheTrialOfASilentWorker", passes_on_the_trial_of_a_silent_worker},
      {"SignsOfLifeKeepATrial", signs_of_life_keep_a_trial},
      {"TakesATrialBack", takes_a_trial_back},
      {"GivesATrialUpThatKillsItsWorkers", gives_a_trial_up_that_kills_its_workers},
      {"OffersAgainWhatItsOwnerWasTraining", offers_again_what_its_owner_was_training},
      {"ServesManyAtOnce", serves_many_at_once}};
  return kCases;
}

}  // namespace Atoll
