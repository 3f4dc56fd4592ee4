#include "search/oneshot/shared_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "atoll/search.h"
#include "search/oneshot/shared_keys.h"

namespace Atoll {
namespace {

const char* kTable = R"({"name": "t", "stem": {"channels": [4, 8]},
  "stages": [{"block": ["fused3x3", "depthwise3x3", "depthwise5x5"], "expansion": [2, 4], "channels": [4, 8],
              "repeats": [1, 2], "skip": [true, false]}], "head": [0, 16]})";

std::unique_ptr<Space> space() {
  return make_space("t.json", {.h = 8, .w = 8, .channels = 1, .classes = 3, .table = kTable});
}

// Decisions: stem, block, expansion, channels, repeats, skip, head.
std::map<std::string, std::string> keys(const Genotype& genotype) {
  const Graph graph = space()->build(genotype);
  const std::vector<std::string> all = shared_keys(graph);
  std::map<std::string, std::string> by_name;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].empty()) by_name[graph.nodes[i].name] = all[i];
  return by_name;
}

TEST(SharedKeys, WidthsRepeatsAndSkipsShareTheirWeights) {
  const auto small = keys({0, 0, 0, 0, 0, 0, 0}), large = keys({1, 0, 1, 1, 1, 1, 0});
  EXPECT_EQ(small.at("stem"), large.at("stem"));
  EXPECT_EQ(small.at("stage1/block1/expand"), large.at("stage1/block1/expand"));
  EXPECT_EQ(small.at("stage1/block1/project/norm"), large.at("stage1/block1/project/norm"));
  EXPECT_NE(large.at("stage1/block1/expand"), large.at("stage1/block2/expand"));
}

TEST(SharedKeys, BlocksOfDifferentKindsDoNotShareAndKernelsShareAllButThemselves) {
  const auto fused = keys({0, 0, 0, 0, 0, 0, 0}), three = keys({0, 1, 0, 0, 0, 0, 0}),
             five = keys({0, 2, 0, 0, 0, 0, 0});
  EXPECT_NE(fused.at("stage1/block1/project"), three.at("stage1/block1/project"));
  EXPECT_EQ(three.at("stage1/block1/project"), five.at("stage1/block1/project"));
  EXPECT_NE(three.at("stage1/block1/depthwise"), five.at("stage1/block1/depthwise"));
}

TEST(SharedKeys, AClassifierBehindAHeadIsAnotherOne) {
  EXPECT_NE(keys({0, 0, 0, 0, 0, 0, 0}).at("logits"), keys({0, 0, 0, 0, 0, 0, 1}).at("logits"));
  EXPECT_EQ(keys({0, 0, 0, 0, 0, 0, 1}).at("logits"), keys({1, 1, 1, 1, 1, 1, 1}).at("logits"));
}

std::vector<float> read(const SharedWeights& shared, const SharedWeights::Slice& slice) {
  std::vector<float> values(static_cast<std::size_t>(slice.shape.elements()));
  shared.read(slice, values);
  return values;
}

const SharedWeights::Slice& of(const Graph& graph, const std::vector<SharedWeights::Slice>& slices,
                               const std::string& node, std::size_t input = 1) {
  for (const Node& n : graph.nodes)
    if (n.name == node)
      for (const auto& slice : slices)
        if (slice.constant == n.inputs[input]) return slice;
  throw std::runtime_error("no slice of " + node);
}

TEST(SharedWeights, ANarrowerLayerIsTheBeginningOfAWiderOne) {
  const auto all = space();
  const Graph small = all->build({0, 0, 0, 0, 0, 0, 0}), large = all->build({1, 0, 1, 1, 0, 0, 0});
  SharedWeights shared(5), other(5);
  const auto few = shared.slices(small);
  const std::vector<float> before = read(shared, of(small, few, "stage1/block1/project"));
  const auto many = shared.slices(large);
  const auto &narrow = of(small, few, "stage1/block1/project"), &wide = of(large, many, "stage1/block1/project");
  EXPECT_EQ(narrow.shape, (Shape{4, 1, 1, 8}));
  EXPECT_EQ(wide.shape, (Shape{8, 1, 1, 32}));
  EXPECT_EQ(read(shared, narrow), before);  // growing has not changed them
  const std::vector<float> n = read(shared, narrow), w = read(shared, wide);
  for (std::size_t out = 0; out < 4; ++out)
    for (std::size_t in = 0; in < 8; ++in) EXPECT_EQ(n[out * 8 + in], w[out * 32 + in]);
  // The spread is that of the narrow one, which came first: sqrt(2 / 4 outputs).
  double squares = 0;
  for (const float value : w) squares += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(w.size())), std::sqrt(0.5), 0.15);
  EXPECT_THAT(read(shared, of(large, many, "stem/norm", 1)), ::testing::Each(1.0f));
  EXPECT_THAT(read(shared, of(large, many, "stem/norm", 2)), ::testing::Each(0.0f));
}

// Nesterov by hand: m = 0.9 m + g, w -= rate (g + 0.9 m), with g = 1 twice: m = 1, w -= 0.19; m = 1.9, w -= 0.271.
TEST(SharedWeights, AStepMovesTheSliceAlone) {
  const auto all = space();
  SharedWeights shared(5);
  const Graph small = all->build({0, 0, 0, 0, 0, 0, 0}), large = all->build({1, 0, 1, 1, 0, 0, 0});
  const auto many = shared.slices(large), few = shared.slices(small);
  const auto &narrow = of(small, few, "stage1/block1/project"), &wide = of(large, many, "stage1/block1/project");
  const std::vector<float> before = read(shared, wide), ones(static_cast<std::size_t>(narrow.shape.elements()), 1.0f);
  OneShotOptions options{.momentum = 0.9, .weight_decay = 0, .checkpoint = {}};
  shared.update(narrow, ones, 0.1, options);
  shared.update(narrow, ones, 0.1, options);
  const std::vector<float> after = read(shared, wide);
  for (std::size_t out = 0; out < 8; ++out)
    for (std::size_t in = 0; in < 32; ++in) {
      const bool moved = out < 4 && in < 8;
      EXPECT_NEAR(after[out * 32 + in], before[out * 32 + in] - (moved ? 0.461f : 0), 1e-6);
    }
}

TEST(SharedWeights, DecayIsForWeightsAndNotForNorms) {
  const auto all = space();
  SharedWeights shared(5);
  const Graph graph = all->build({0, 0, 0, 0, 0, 0, 0});
  const auto slices = shared.slices(graph);
  const OneShotOptions options{.momentum = 0, .weight_decay = 0.5, .checkpoint = {}};
  const auto &weights = of(graph, slices, "stem"), &gamma = of(graph, slices, "stem/norm", 1);
  const std::vector<float> before = read(shared, weights);
  shared.update(weights, std::vector<float>(before.size(), 0.0f), 1.0, options);
  shared.update(gamma, std::vector<float>(4, 0.0f), 1.0, options);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_FLOAT_EQ(read(shared, weights)[i], before[i] / 2);
  EXPECT_THAT(read(shared, gamma), ::testing::Each(1.0f));
}

TEST(SharedWeights, ReadWhatTheyWroteAndRefuseWhatIsDamaged) {
  const auto all = space();
  SharedWeights shared(5), other(6);
  const Graph graph = all->build({1, 1, 1, 1, 1, 1, 1});
  const auto slices = shared.slices(graph);
  training::ByteWriter writer;
  shared.write(writer);
  std::vector<std::byte> bytes = writer.take();
  training::ByteReader reader(bytes);
  other.restore(reader);
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(other.values(), shared.values());
  const auto same = other.slices(graph);
  for (std::size_t i = 0; i < slices.size(); ++i) EXPECT_EQ(read(other, same[i]), read(shared, slices[i]));

  for (std::size_t cut : {std::size_t{0}, std::size_t{9}, bytes.size() / 2, bytes.size() - 1}) {
    training::ByteReader part(std::span<const std::byte>(bytes).first(cut));
    EXPECT_THROW(other.restore(part), Error) << cut;
  }
  bytes[0] = std::byte{255};
  training::ByteReader wrong(bytes);
  EXPECT_THROW(other.restore(wrong), Error);
}

}  // namespace
}  // namespace Atoll
