#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "atoll/proxy.h"
#include "error_of.h"
#include "search/fingerprint.h"
#include "search/oneshot/one_shot_search.h"
#include "search/oneshot/proxy_supernet.h"
#include "search/toy_space.h"
#include "temporary_folder.h"
#include "train/drawn_pictures.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

// Knows how good each network is, but for noise; can end in the middle of a search.
class ToySupernet final : public Supernet {
 public:
  explicit ToySupernet(int calls = -1) : calls_(calls) {}
  std::int64_t batches_per_epoch() const override { return 100; }
  double train(const Genotype&, int batches, double) override {
    if (calls_-- == 0) throw std::runtime_error("killed");
    return static_cast<double>(batches);
  }
  double judge(const Genotype& genotype, int) override {
    return ToySpace::accuracy(ToySpace::digits(genotype)) + 0.05 * rng_.normal();
  }
  double judge_finally(const Genotype& genotype, std::int64_t) override {
    if (calls_-- == 0) throw std::runtime_error("killed");
    return ToySpace::accuracy(ToySpace::digits(genotype));
  }
  std::vector<std::byte> state() const override {
    training::ByteWriter writer;
    writer.put(rng_.state());
    return writer.take();
  }
  void restore(std::span<const std::byte> state) override {
    training::ByteReader reader(state);
    rng_.restore(reader.get<Rng::State>());
  }

 private:
  Rng rng_{4};
  int calls_;
};

OneShotOptions toy_options() {
  return {.epochs = 40, .batches = 2, .policy_rate = 0.05, .beta = 0, .judged = 8, .checkpoint = {}};
}
double cheap(const Genotype&) { return 0.5; }

TEST(OneShot, TheChoicesMoveToWhatTheSupernetFindsBest) {
  const ToySpace space;
  OneShotSearch search(space, cheap, std::make_unique<ToySupernet>(), toy_options(), 1, 0, false);
  EXPECT_EQ(ToySpace::accuracy(ToySpace::digits(search.ask())), 1);
  for (std::size_t d = 0; d < 12; ++d)
    EXPECT_GT(search.policy().probabilities(d)[static_cast<std::size_t>(search.policy().most_probable()[d])], 0.8) << d;
}

TEST(OneShot, HandsOutTheMostProbableFirstAndTheRestByAccuracy) {
  const ToySpace space;
  OneShotOptions options = toy_options();
  options.epochs = 4;  // the choices are still open
  OneShotSearch search(space, cheap, std::make_unique<ToySupernet>(), options, 1, 0, false);
  const Genotype first = search.ask();
  EXPECT_EQ(first, search.policy().most_probable());
  double last = 1;
  for (int i = 1; i < 8; ++i) {
    const double accuracy = ToySpace::accuracy(ToySpace::digits(search.ask()));
    EXPECT_LE(accuracy, last);
    last = accuracy;
  }
}

// The cost is the number of twos; with beta = -1 a network pays 1/4 for every two too many or too few, three times
// what a hit is worth, so what is probable in the end has the four of the budget.
TEST(OneShot, TheRewardDrawsNetworksToTheBudget) {
  const ToySpace space;
  const auto cost = [](const Genotype& genotype) {
    return static_cast<double>(std::count(genotype.begin(), genotype.end(), 2)) / 4;
  };
  OneShotOptions options = toy_options();
  options.beta = -1;
  options.limit = 0;
  OneShotSearch search(space, cost, std::make_unique<ToySupernet>(), options, 1, 0, false);
  EXPECT_LE(cost(search.ask()), 1);
  EXPECT_NEAR(cost(search.policy().most_probable()), 1, 0.26);
}

TEST(OneShot, WhatIsOverTheBudgetIsRepairedAtTheLeastPrice) {
  const ToySpace space;
  // Everything that the supernet likes is over the budget: at most 6 of 12 hits are allowed.
  const auto cost = [](const Genotype& genotype) { return ToySpace::accuracy(ToySpace::digits(genotype)) * 2; };
  OneShotOptions options = toy_options();
  options.limit = 0;
  OneShotSearch search(space, cost, std::make_unique<ToySupernet>(), options, 1, 0, false);
  EXPECT_EQ(ToySpace::accuracy(ToySpace::digits(search.ask())), 0.5);
}

// Keeps the networks that it is trained with.
class WatchedSupernet final : public Supernet {
 public:
  explicit WatchedSupernet(std::set<Genotype>& trained) : trained_(trained) {}
  std::int64_t batches_per_epoch() const override { return 100; }
  double train(const Genotype& genotype, int, double) override {
    trained_.insert(genotype);
    return 1;
  }
  double judge(const Genotype&, int) override { return 0.5; }
  double judge_finally(const Genotype&, std::int64_t) override { return 0.5; }
  std::vector<std::byte> state() const override { return {}; }
  void restore(std::span<const std::byte>) override {}

 private:
  std::set<Genotype>& trained_;
};

TEST(OneShot, OverTheLimitNothingIsTrained) {
  const ToySpace space;
  const auto cost = [](const Genotype& genotype) { return genotype[0] == 2 ? 2.0 : 1.0; };
  std::set<Genotype> trained;
  OneShotSearch search(space, cost, std::make_unique<WatchedSupernet>(trained), toy_options(), 1, 0, false);
  for (int i = 0; i < 8; ++i) EXPECT_NE(search.ask()[0], 2);
  EXPECT_GT(trained.size(), 100u);
  for (const Genotype& genotype : trained) EXPECT_NE(genotype[0], 2);
}

TEST(OneShot, WhereNothingKeepsToTheBudgetNoSupernetIsTrained) {
  const ToySpace space;
  const auto cost = [](const Genotype&) { return 2.0; };
  OneShotSearch search(space, cost, std::make_unique<ToySupernet>(/*calls=*/0), toy_options(), 1, 0, false);
  for (int i = 0; i < 8; ++i) EXPECT_NO_THROW(search.ask());
}

// One network in three to the power of twelve keeps to the limit: no draw finds it, but every draw can be led there.
TEST(OneShot, ALimitThatHardlyANetworkKeepsToIsKept) {
  const ToySpace space;
  const auto cost = [](const Genotype& genotype) {
    return 1 + static_cast<double>(std::count_if(genotype.begin(), genotype.end(), [](int c) { return c != 1; }));
  };
  std::set<Genotype> trained;
  OneShotSearch search(space, cost, std::make_unique<WatchedSupernet>(trained), toy_options(), 1, 0, false);
  search.ask();
  EXPECT_EQ(trained, std::set<Genotype>{Genotype(12, 1)});
}

// What a search that never was interrupted asks for, and one that died at the call `killed` and was resumed.
TEST(OneShot, ASearchThatDiedGoesOnToTheSameResult) {
  const ToySpace space;
  OneShotOptions options = toy_options();
  options.epochs = 6;
  const auto asked = [](OneShotSearch search) {
    std::vector<Genotype> genotypes;
    for (int i = 0; i < 20; ++i) genotypes.push_back(search.ask());
    return genotypes;
  };
  const auto wanted = asked({space, cheap, std::make_unique<ToySupernet>(), options, 3, 7, false});
  for (const int killed : {0, 1, 77, 180, 299, 300, 304, 307}) {
    const TemporaryFolder folder;
    options.checkpoint = folder / "net";
    options.checkpoint_seconds = 0;
    EXPECT_THROW(asked({space, cheap, std::make_unique<ToySupernet>(killed), options, 3, 7, false}),
                 std::runtime_error);
    EXPECT_EQ(asked({space, cheap, std::make_unique<ToySupernet>(), options, 3, 7, true}), wanted) << killed;
    // And once more, from the finished one.
    EXPECT_EQ(asked({space, cheap, std::make_unique<ToySupernet>(0), options, 3, 7, true}), wanted) << killed;
  }
}

TEST(OneShot, RefusesTheCheckpointOfAnotherSearchAndADamagedOne) {
  const ToySpace space;
  const TemporaryFolder folder;
  OneShotOptions options = toy_options();
  options.epochs = 1;
  options.checkpoint = folder / "net";
  OneShotSearch(space, cheap, std::make_unique<ToySupernet>(), options, 3, 7, false).ask();
  const auto resumed = [&] { OneShotSearch(space, cheap, std::make_unique<ToySupernet>(), options, 3, 8, true).ask(); };
  EXPECT_THAT(error_of(resumed), HasSubstr("another search"));
  std::filesystem::resize_file(options.checkpoint, std::filesystem::file_size(options.checkpoint) - 1);
  EXPECT_THAT(error_of(resumed), HasSubstr("cannot resume from supernet"));
}

TEST(OneShot, NamesTheOptionThatCannotBe) {
  EXPECT_THAT(error_of([] { require_sane(OneShotOptions{.warmup = 1, .checkpoint = {}}); }), HasSubstr("warm-up"));
  EXPECT_THAT(error_of([] { require_sane(OneShotOptions{.epochs = 0, .checkpoint = {}}); }), HasSubstr("epochs"));
  EXPECT_THAT(error_of([] { require_sane(OneShotOptions{.beta = 1, .checkpoint = {}}); }), HasSubstr("beta"));
}

// --- with real networks: bars at six angles, which one channel behind a mean cannot tell apart, and sixteen can
struct Drawn {
  std::shared_ptr<const Dataset> data = std::make_shared<test::DrawnPictures>(1600, 12, 1, 6, 1);
  std::unique_ptr<Space> space = make_space(
      "t.json", {.h = 12, .w = 12, .channels = 1, .classes = 6, .table = R"({"name": "t", "stem": {"channels": [4]},
                              "stages": [{"stride": 2, "block": ["plain3x3", "depthwise3x3"], "channels": [1, 16]}]})"});
  ProxyOptions proxy{.images = 0, .validation = 300, .schedule = {.threads = 1}};
  ProxyData pictures = proxy_data(data, proxy);
  OneShotOptions options{.epochs = 8,
                         .batch = 32,
                         .batches = 1,
                         .judge_batches = 2,
                         .policy_rate = 0.05,
                         .beta = 0,
                         .judged = 3,
                         .judge_images = 0,
                         .checkpoint = {}};
  std::unique_ptr<Supernet> supernet() const { return make_proxy_supernet(*space, pictures, proxy, options, 9); }
};

TEST(ProxySupernet, TheChoicesMoveToTheLayerThatLearnsBetter) {
  const Drawn drawn;
  OneShotSearch search(*drawn.space, cheap, drawn.supernet(), drawn.options, 1, 0, false);
  search.ask();
  ASSERT_EQ(drawn.space->decisions()[1].name, "stage1/channels");
  EXPECT_GT(search.policy().probabilities(1)[1], 0.9);
}

TEST(ProxySupernet, LearnsAndJudgesWithoutForgetting) {
  const Drawn drawn;
  const auto supernet = drawn.supernet();
  const Genotype wide = {0, 1}, narrow = {0, 0};
  const double before = supernet->judge_finally(wide, 0);
  for (int i = 0; i < 60; ++i) supernet->train(wide, 2, 0.05);
  const double after = supernet->judge_finally(wide, 0);
  EXPECT_LT(before, 0.5);
  EXPECT_GT(after, 0.8);
  supernet->judge(narrow, 3);
  EXPECT_EQ(supernet->judge_finally(wide, 0), after);
  // A network of the other block shares the stem and the classifier alone.
  EXPECT_LT(supernet->judge_finally({1, 1}, 0), after);
}

TEST(ProxySupernet, GoesOnFromItsStateBitForBit) {
  const Drawn drawn;
  const auto first = drawn.supernet();
  for (int i = 0; i < 5; ++i) {
    first->judge({i % 2, 1}, 2);
    first->train({i % 2, i % 2}, 3, 0.05);
  }
  const auto second = drawn.supernet();
  second->restore(first->state());
  for (int i = 0; i < 40; ++i) {
    const Genotype genotype = {i % 2, (i / 2) % 2};
    EXPECT_EQ(first->judge(genotype, 1), second->judge(genotype, 1));
    EXPECT_EQ(first->train(genotype, 1, 0.05), second->train(genotype, 1, 0.05));
  }
  EXPECT_EQ(first->state(), second->state());
}

TEST(OneShot, ASearchTrainsItsFinalistsFromScratchAndIsResumed) {
  const Drawn drawn;
  const TemporaryFolder folder;
  ProxyOptions proxy = drawn.proxy;
  proxy.schedule.epochs = 1;
  Objectives objectives = proxy_objectives(drawn.data, open_target("edgetpu-usb3"), proxy);
  SearchOptions options{.algorithm = "oneshot", .latency_budget_ms = 10, .candidates = 3, .trained = 2, .seed = 5};
  options.oneshot = drawn.options;
  options.oneshot.epochs = 2;
  const std::string wanted = fingerprint(search(*drawn.space, objectives, options));
  options.store = (folder / "s.db").string();
  // Dies in the training of its second trial.
  const auto accuracy = objectives.accuracy;
  int trainings = 0;
  objectives.accuracy = [&](const Graph& graph, std::uint64_t seed, const TrainHooks& hooks) {
    if (++trainings == 2) throw Interrupted();
    return accuracy(graph, seed, hooks);
  };
  EXPECT_THROW(search(*drawn.space, objectives, options), Interrupted);
  EXPECT_TRUE(std::filesystem::exists(options.store + ".supernet"));
  options.resume = true;
  EXPECT_EQ(fingerprint(search(*drawn.space, objectives, options)), wanted);
  EXPECT_EQ(trainings, 3);
  options.oneshot.beta = -0.5;
  EXPECT_THAT(error_of([&] { search(*drawn.space, objectives, options); }), HasSubstr("another search"));
}

}  // namespace
}  // namespace Atoll
