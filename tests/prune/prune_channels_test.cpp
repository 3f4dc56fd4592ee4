// Structured pruning: removing channels that are zero changes nothing, whatever ties them; the target decides.
#include <gtest/gtest.h>

#include <cmath>

#include "atoll/compress.h"
#include "atoll/prune.h"
#include "atoll/runtime.h"
#include "error_of.h"
#include "prune/channels.h"
#include "prune/drawn_network.h"
#include "train/networks.h"

namespace Atoll {
namespace {

std::vector<float> answers(const Graph& graph, std::uint64_t seed) {
  Session session(to_inference(graph), {.kernels = Kernels::kReference});
  Rng rng(seed);
  std::vector<float> input(static_cast<std::size_t>(graph.input().elements()));
  for (float& value : input) value = static_cast<float>(rng.normal());
  session.set_input(input);
  session.run();
  return session.output_values();
}

// Draws sets of every group to remove, but not all of a group's.
std::vector<bool> drawn_removal(const ChannelMap& map, Rng& rng) {
  std::vector<bool> removed(static_cast<std::size_t>(map.elements), false);
  for (const ChannelGroup& group : map.groups)
    for (std::size_t s = 1; s < group.sets.size(); ++s)
      if (rng.chance(0.4))
        for (const std::int64_t element : group.sets[s]) removed[static_cast<std::size_t>(element)] = true;
  return removed;
}

// Every parameter that makes a removed channel becomes 0, so that the channel is.
Graph with_silenced(const Graph& graph, const ChannelMap& map, const std::vector<bool>& removed) {
  Graph result = graph;
  const auto silence = [&](TensorId constant, std::int64_t inner, TensorId made) {
    Tensor& tensor = result.tensor(constant);
    const auto old = tensor.data.as<float>();
    std::vector<float> values(old.begin(), old.end());
    const std::int64_t channels = graph.tensor(made).shape.back();
    const auto first = map.first[static_cast<std::size_t>(made)];
    for (std::size_t i = 0; i < values.size(); ++i)
      if (removed[static_cast<std::size_t>(first + static_cast<std::int64_t>(i) / inner % channels)]) values[i] = 0;
    tensor.data = Data::of(values);
  };
  for (const Node& node : graph.nodes) {
    const TensorId made = node.outputs[0];
    if (pruning::has_channels(node.op)) {
      const Shape& shape = graph.tensor(node.inputs[1]).shape;
      const bool depthwise = std::holds_alternative<DepthwiseConv2D>(node.op);
      silence(node.inputs[1], depthwise ? 1 : shape.elements() / shape[0], made);
      if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor) silence(node.inputs[2], 1, made);
    } else if (std::holds_alternative<BatchNorm>(node.op)) {
      silence(node.inputs[2], 1, made);
      silence(node.inputs[3], 1, made);
    }
  }
  return result;
}

TEST(WithoutChannels, RemovingZeroChannelsChangesNoBitOfTheAnswers) {
  int narrower = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Graph graph = test::with_drawn_values(test::drawn_network(seed), seed);
    const ChannelMap map = channel_map(graph);
    ASSERT_FALSE(map.groups.empty());
    Rng rng(seed, 7);
    const std::vector<bool> removed = drawn_removal(map, rng);
    const Graph silenced = with_silenced(graph, map, removed);
    const Graph cut = without_channels(silenced, map, removed);
    EXPECT_EQ(answers(silenced, seed), answers(cut, seed)) << "seed " << seed;
    narrower += cost_of(cut).params < cost_of(graph).params;
  }
  EXPECT_GT(narrower, 50);
}

TEST(WithoutChannels, TheFoldedFormGivesTheSameNetwork) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Graph graph = to_inference(test::with_drawn_values(test::drawn_network(seed), seed));
    const ChannelMap map = channel_map(graph);
    Rng rng(seed, 7);
    const std::vector<bool> removed = drawn_removal(map, rng);
    const Graph silenced = with_silenced(graph, map, removed);
    EXPECT_EQ(answers(silenced, seed), answers(without_channels(silenced, map, removed), seed)) << "seed " << seed;
  }
}

TEST(ChannelMap, TiesAShortcutsChannelsAndLeavesInputsAndClassesAlone) {
  const Graph graph = test::small_network();
  const ChannelMap map = channel_map(graph);
  ASSERT_EQ(map.groups.size(), 2u);
  EXPECT_EQ(map.groups[0].name, "stem");
  EXPECT_EQ(map.groups[0].sets.size(), 8u);
  EXPECT_EQ(map.groups[1].name, "fused");  // with depthwise and project, by the addition
  EXPECT_EQ(map.groups[1].sets.size(), 16u);
}

TEST(ChannelMap, WorksWithoutWeights) {
  const Graph graph = test::small_network();
  const ChannelMap map = channel_map(graph);
  std::vector<bool> removed(static_cast<std::size_t>(map.elements), false);
  for (const std::int64_t element : map.groups[1].sets[3]) removed[static_cast<std::size_t>(element)] = true;
  // One of 16 channels: 3x3x8 of fused, 3x3 of depthwise, a row and a column of project, 4 of the classifier, and
  // gamma and beta of three batch norms.
  EXPECT_EQ(cost_of(graph).params - cost_of(without_channels(graph, map, removed)).params,
            72 + 9 + (16 + 16 - 1) + 4 + 6);
}

// A chip that works on blocks of 4 channels: no time is saved within one.
class BlockTarget final : public Target {
 public:
  const std::string& name() const override { return name_; }
  std::string description() const override { return "blocks of 4"; }
  Prediction predict(const Graph& graph) const override {
    Prediction prediction;
    for (const Node& node : graph.nodes) {
      if (!pruning::has_channels(node.op)) continue;
      const Shape& out = graph.tensor(node.outputs[0]).shape;
      const auto blocks = [](std::int64_t channels) { return static_cast<double>((channels + 3) / 4); };
      const bool depthwise = std::holds_alternative<DepthwiseConv2D>(node.op);
      const double in = depthwise ? 1 : blocks(graph.tensor(node.inputs[0]).shape.back());
      prediction.latency_ms += 1e-4 * static_cast<double>(out.elements() / out.back()) * blocks(out.back()) * in;
    }
    return prediction;
  }
  CheckReport check(const Graph&, const CheckOptions&) const override { return {}; }

 private:
  std::string name_ = "blocks";
};

ChannelPruneOptions options_for(double latency_ms) {
  ChannelPruneOptions options;
  options.target_latency_ms = latency_ms;
  options.images = 64;
  options.train = test::quick_options();
  options.train.learning_rate = 0.05;
  return options;
}

TEST(PruneChannels, ReachesThePredictionInWidthsThatTheTargetRewards) {
  const BlockTarget target;
  const double before = target.latency_ms(to_inference(test::trained_network()));
  for (const ChannelImportance importance :
       {ChannelImportance::kTaylor, ChannelImportance::kMagnitude, ChannelImportance::kBatchNorm}) {
    ChannelPruneOptions options = options_for(0.6 * before);
    options.importance = importance;
    const ChannelPruneResult result =
        prune_channels(test::trained_network(), test::pictures(800, 1), test::pictures(200, 2), &target, options);
    EXPECT_LE(target.latency_ms(to_inference(result.graph)), 0.6 * before);
    ASSERT_FALSE(result.widths.empty());
    for (const GroupWidth& width : result.widths) EXPECT_EQ(width.after % 4, 0) << width.name << " " << width.after;
    EXPECT_GT(result.top1, 0.85);
  }
}

TEST(PruneChannels, RemovesTheShareOfParameters) {
  ChannelPruneOptions options = options_for(0);
  options.sparsity = 0.5;
  options.fine_tune = false;
  const ChannelPruneResult result =
      prune_channels(test::trained_network(), test::pictures(200, 1), nullptr, nullptr, options);
  const auto before = static_cast<double>(cost_of(test::trained_network()).params);
  const auto after = static_cast<double>(cost_of(result.graph).params);
  EXPECT_LE(after, 0.5 * before);
  EXPECT_GT(after, 0.35 * before);
}

// The score is the square of the loss's slope when all that makes the channel is scaled together.
TEST(Importance, TaylorIsTheSquaredSlopeOfTheLoss) {
  GraphBuilder b("plain");
  TensorId x = b.input({1, 12, 12, 1});
  x = b.node("tanh", Tanh{}, {b.conv2d(x, 6, 3, {.stride = 2, .bias = true}, "conv")});
  Graph graph = b.build({b.fully_connected(b.node("pool", Mean{}, {x}), 4, "logits")});
  graph = test::with_drawn_values(graph, 3);
  const auto data = test::pictures(16, 5);
  ChannelPruneOptions options = options_for(1);
  options.images = 16;
  options.train.batch = 16;
  options.train.label_smoothing = 0;
  const ChannelMap map = channel_map(graph);
  const auto scores = pruning::importance_of(graph, map, data, options);
  ASSERT_EQ(scores.size(), 1u);
  Batch batch;
  Loader loader(data, {.h = 12, .w = 12, .c = 1, .batch = 16});
  loader.start_epoch(0);
  ASSERT_TRUE(loader.next(batch));
  const auto loss_at = [&](std::size_t channel, float factor) {
    Graph scaled = graph;
    for (const std::size_t input : {std::size_t{1}, std::size_t{2}}) {
      Tensor& tensor = scaled.tensor(graph.nodes[0].inputs[input]);
      const auto old = tensor.data.as<float>();
      std::vector<float> values(old.begin(), old.end());
      const std::size_t inner = values.size() / 6;
      for (std::size_t i = 0; i < inner; ++i) values[channel * inner + i] *= factor;
      tensor.data = Data::of(values);
    }
    TrainOptions train = options.train;
    return make_cpu_backend(scaled, train)->step(batch, {.learning_rate = 0}).loss;
  };
  for (std::size_t c = 0; c < 6; ++c) {
    const double slope = (loss_at(c, 1.02f) - loss_at(c, 0.98f)) / 0.04;
    EXPECT_NEAR(scores[0][c], slope * slope, 1e-6 + 0.05 * slope * slope) << c;
  }
}

TEST(PruneChannels, NamesWhatIsWrong) {
  const BlockTarget target;
  const auto data = test::pictures(64, 1);
  const auto text = [&](const Graph& graph, const Target* on, const ChannelPruneOptions& options) {
    return error_of([&] { prune_channels(graph, data, nullptr, on, options); });
  };
  const Graph& graph = test::trained_network();
  EXPECT_NE(text(graph, &target, options_for(1e-6)).find("still predicts"), std::string::npos);
  EXPECT_NE(text(graph, nullptr, options_for(1)).find("target"), std::string::npos);
  EXPECT_NE(text(graph, &target, options_for(-1)).find("above 0"), std::string::npos);
  EXPECT_NE(text(test::small_network(), &target, options_for(1)).find("no weights"), std::string::npos);
  ChannelPruneOptions greedy = options_for(0);
  greedy.sparsity = 1.5;
  EXPECT_NE(text(graph, nullptr, greedy).find("1.5"), std::string::npos);
  greedy.sparsity = 0.999;
  EXPECT_NE(text(graph, nullptr, greedy).find("cannot lose"), std::string::npos);
  ChannelPruneOptions folded = options_for(0);
  folded.sparsity = 0.3;
  folded.importance = ChannelImportance::kBatchNorm;
  EXPECT_NE(text(to_inference(graph), nullptr, folded).find("no batch norm"), std::string::npos);
  EXPECT_NE(error_of([] { channel_importance("size"); }).find("size"), std::string::npos);
  const Calibration calibration = calibrate(to_inference(graph), *data, {.images = 8});
  const Graph int8 = quantize_int8(to_inference(graph), calibration);
  EXPECT_NE(text(int8, nullptr, folded).find("int8"), std::string::npos);
}

}  // namespace
}  // namespace Atoll
