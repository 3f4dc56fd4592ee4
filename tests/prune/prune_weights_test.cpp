// Magnitude pruning in training: sparsity, gradients, resuming, bad input.
#include <gtest/gtest.h>

#include <cmath>

#include "atoll/compress.h"
#include "atoll/model.h"
#include "atoll/prune.h"
#include "error_of.h"
#include "prune/magnitude_pruning.h"
#include "temporary_folder.h"
#include "train/cpu/backend.h"
#include "train/networks.h"

namespace Atoll {
namespace {

WeightPruneOptions options_for(double sparsity) {
  WeightPruneOptions options;
  options.schedule.final = sparsity;
  options.schedule.frequency = 5;
  options.train = test::quick_options();
  options.train.learning_rate = 0.05;
  return options;
}

void expect_same_constants(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const auto p = a.tensors[i].data.bytes(), q = b.tensors[i].data.bytes();
    EXPECT_TRUE(std::equal(p.begin(), p.end(), q.begin(), q.end())) << a.tensors[i].name;
  }
}

TEST(PruneWeights, EndsWithExactlyTheZerosThatWereAskedForAndStillTellsPicturesApart) {
  const PruneResult result =
      prune_weights(test::trained_network(), test::pictures(800, 1), test::pictures(200, 2), options_for(0.75));
  const std::vector<LayerSparsity> layers = layer_sparsity(result.graph);
  ASSERT_EQ(layers.size(), 4u);  // all but the depthwise one
  for (const LayerSparsity& layer : layers)
    EXPECT_EQ(layer.zeros, layer.weights - std::lround(0.25 * static_cast<double>(layer.weights))) << layer.name;
  EXPECT_GT(result.top1, 0.9);
  for (const LayerSparsity& layer : layer_sparsity(test::trained_network())) EXPECT_EQ(layer.zeros, 0) << layer.name;
}

TEST(PruneWeights, TheFileCompressesAndFoldingKeepsTheZeros) {
  const PruneResult result = prune_weights(test::trained_network(), test::pictures(320, 1), nullptr, options_for(0.9));
  const Graph folded = to_inference(result.graph);
  std::int64_t zeros = 0, folded_zeros = 0;
  for (const LayerSparsity& layer : layer_sparsity(result.graph)) zeros += layer.zeros;
  for (const LayerSparsity& layer : layer_sparsity(folded)) folded_zeros += layer.zeros;
  EXPECT_EQ(zeros, folded_zeros);
  const auto before = write_tflite(to_inference(test::trained_network())), after = write_tflite(folded);
  EXPECT_LT(gzip_bytes(after), gzip_bytes(before) * 6 / 10);
}

TEST(PruneWeights, TwoOfEveryFourAreLeft) {
  WeightPruneOptions options = options_for(0.5);
  options.pattern = SparsityPattern::kTwoOfFour;
  options.begin = options.end = 0.1;
  options.train.ema_decay = 0.9;
  const PruneResult result = prune_weights(test::trained_network(), test::pictures(320, 1), nullptr, options);
  int blocks = 0;
  for (const pruning::PrunedWeights& weights : pruning::pruned_weights(result.graph)) {
    if (weights.row % 4 != 0) continue;
    const auto values = result.graph.tensor(weights.tensor).data.as<float>();
    for (std::size_t at = 0; at < values.size(); at += 4, ++blocks)
      EXPECT_EQ(std::count(values.begin() + at, values.begin() + at + 4, 0.0f), 2) << weights.name << " " << at;
  }
  EXPECT_GT(blocks, 100);
}

struct Stopped {};

TEST(PruneWeights, ResumedTrainingEndsWithTheSameBytes) {
  const TemporaryFolder folder;
  WeightPruneOptions options = options_for(0.6);
  options.train.ema_decay = 0.8;
  const PruneResult whole = prune_weights(test::trained_network(), test::pictures(200, 1), nullptr, options);
  options.train.checkpoint = folder / "checkpoint.bin";
  options.train.checkpoint_seconds = 0;
  for (const int stop_at : {1, 4, 7}) {  // before, between and behind new masks; the runs go on from each other
    int steps = 0;
    const TrainHooks hooks{.step = [&](double, double, double) {
      if (++steps == stop_at) throw Stopped{};
    }};
    EXPECT_THROW(prune_weights(test::trained_network(), test::pictures(200, 1), nullptr, options, hooks), Stopped);
    options.train.resume = true;
  }
  const PruneResult resumed = prune_weights(test::trained_network(), test::pictures(200, 1), nullptr, options);
  expect_same_constants(whole.graph, resumed.graph);
  options.schedule.final = 0.7;
  EXPECT_NE(error_of([&] {
              prune_weights(test::trained_network(), test::pictures(200, 1), nullptr, options);
            }).find("other options"),
            std::string::npos);
}

// The loss as a function of the values, with fixed masks: kept weights' gradients against central differences,
// masked ones' are 0 and so is what they do to the loss.
TEST(MagnitudePruning, GradientsOfMaskedWeightsAreZeroAndOthersMatchFiniteDifferences) {
  const Graph graph = test::with_drawn_values(test::small_network(), 4);
  TrainOptions options = test::quick_options();
  options.batch = 8;
  options.weight_decay = 0;
  const auto data = test::pictures(8, 5);
  Batch batch;
  Loader loader(data, {.h = 12, .w = 12, .c = 1, .batch = 8});
  loader.start_epoch(0);
  ASSERT_TRUE(loader.next(batch));

  const SparsitySchedule schedule{.final = 0.5};
  pruning::MagnitudePruning pruning(SparsityPattern::kFree, schedule);
  training::cpu::CpuBackend backend(graph, options, &pruning);
  backend.step(batch, {.learning_rate = 0, .step = 0, .freeze_bn = true});
  const Graph masked = pruning.masked(graph);
  const auto loss_with = [&](TensorId id, std::size_t at, float value) {
    Graph changed = masked;
    const auto old = masked.tensor(id).data.as<float>();
    std::vector<float> values(old.begin(), old.end());
    values[at] = value;
    changed.tensor(id).data = Data::of(values);
    return make_cpu_backend(changed, options)->step(batch, {.learning_rate = 0, .freeze_bn = true}).loss;
  };
  Rng rng(6);
  int compared = 0;
  for (const pruning::PrunedWeights& weights : pruning::pruned_weights(graph)) {
    const auto values = masked.tensor(weights.tensor).data.as<float>();
    for (int draw = 0; draw < 12; ++draw) {
      const auto i = static_cast<std::size_t>(rng.below(weights.elements));
      double gradient = 0;
      for (int shard = 0; shard < 2; ++shard)
        gradient += static_cast<double>(backend.gradient(weights.tensor, shard)[i]);
      if (values[i] == 0) {
        EXPECT_EQ(gradient, 0) << weights.name << "[" << i << "]";
        continue;
      }
      const auto slope = [&](float from, float to) {
        return (loss_with(weights.tensor, i, values[i] + to) - loss_with(weights.tensor, i, values[i] + from)) /
               (static_cast<double>(values[i] + to) - static_cast<double>(values[i] + from));
      };
      // At a kink of a ReLU a difference means nothing: two step sizes and both sides must agree.
      const double coarse = slope(-8e-3f, 8e-3f), fine = slope(-4e-3f, 4e-3f);
      const double above = slope(0, 2e-3f), below = slope(-2e-3f, 0);
      if (std::abs(coarse - fine) > 2e-4 + 0.01 * std::abs(fine)) continue;
      if (std::abs(above - below) > 1e-3 + 0.02 * std::abs(fine)) continue;
      EXPECT_NEAR(gradient, fine, 5e-4 + 0.02 * std::abs(fine)) << weights.name << "[" << i << "]";
      ++compared;
    }
  }
  EXPECT_GT(compared, 8);
}

TEST(PruneWeights, NamesWhatIsWrong) {
  const auto data = test::pictures(64, 1);
  const auto text = [&](const Graph& graph, const WeightPruneOptions& options) {
    return error_of([&] { prune_weights(graph, data, nullptr, options); });
  };
  EXPECT_NE(text(test::trained_network(), options_for(1.5)).find("1.5"), std::string::npos);
  EXPECT_NE(text(test::trained_network(), options_for(1)).find("[0, 1)"), std::string::npos);
  EXPECT_NE(text(test::trained_network(), options_for(-0.1)).find("-0.1"), std::string::npos);
  EXPECT_NE(text(test::small_network(), options_for(0.5)).find("no weights"), std::string::npos);
  WeightPruneOptions backwards = options_for(0.5);
  backwards.begin = 0.8;
  EXPECT_NE(text(test::trained_network(), backwards).find("begin <= end"), std::string::npos);
  const Graph half = quantize_float16(to_inference(test::trained_network()));
  EXPECT_NE(text(half, options_for(0.5)).find("float16"), std::string::npos);
}

}  // namespace
}  // namespace Atoll
