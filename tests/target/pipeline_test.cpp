#include "atoll/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "atoll/builder.h"
#include "atoll/zoo.h"
#include "error_of.h"

namespace Atoll {
namespace {

Graph stack(int layers, int channels) {
  GraphBuilder b("stack");
  TensorId x = b.input({1, 16, 16, 64});
  for (int i = 0; i < layers; ++i)
    x = b.conv2d(x, channels, 3, {.activation = Activation::kRelu, .bias = true}, "conv" + std::to_string(i));
  return b.build({x});
}

double slowest(const std::vector<Segment>& segments) {
  return std::max_element(segments.begin(), segments.end(), [](auto& a, auto& b) { return a.ms < b.ms; })->ms;
}

TEST(Pipeline, SegmentsAreTheWholeNetworkInOrder) {
  const auto target = open_target("edgetpu-usb3");
  const Graph graph = build_zoo_model("mobilenet-v2", {.h = 224, .w = 224});
  const CheckReport report = target->check(graph);
  const Prediction whole = target->predict(graph);
  for (const int count : {1, 2, 3, 5}) {
    const std::vector<Segment> segments = pipeline_segments(*target, graph, count);
    ASSERT_EQ(segments.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(segments.front().first_node, 0);
    EXPECT_EQ(segments.back().last_node, report.total_ops - 1);
    std::int64_t parameters = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      EXPECT_EQ(segments[i].first_node, i == 0 ? 0 : segments[i - 1].last_node + 1);
      parameters += segments[i].onchip_bytes + segments[i].offchip_bytes;
    }
    EXPECT_EQ(parameters, whole.onchip_bytes + whole.offchip_bytes);
  }
}

TEST(Pipeline, OneSegmentTakesWhatThePredictionSays) {
  const auto target = open_target("edgetpu-pcie");
  const Graph graph = stack(6, 128);
  EXPECT_DOUBLE_EQ(pipeline_segments(*target, graph, 1)[0].ms, target->latency_ms(graph));
}

// Equal layers are best cut in the middle.
TEST(Pipeline, EqualLayersAreSharedEqually) {
  const std::vector<Segment> segments = pipeline_segments(*open_target("edgetpu-usb3"), stack(8, 64), 2);
  EXPECT_EQ(segments[0].last_node, 3);
}

TEST(Pipeline, MoreChipsCacheWhatOneMustStream) {
  const auto target = open_target("edgetpu-usb3");
  const Graph graph = stack(10, 512);  // about 19 MiB of weights
  const std::vector<Segment> one = pipeline_segments(*target, graph, 1), four = pipeline_segments(*target, graph, 4);
  EXPECT_GT(one[0].offchip_bytes, 10 << 20);
  for (const Segment& segment : four) EXPECT_EQ(segment.offchip_bytes, 0);
  EXPECT_LT(slowest(four), slowest(one) / 4);  // more than four times as fast: nothing is streamed any more
}

TEST(Pipeline, RefusesWhatCannotBeSplit) {
  const auto target = open_target("edgetpu-usb3");
  EXPECT_NE(error_of([&] { pipeline_segments(*target, stack(3, 64), 4); }).find("between 1 and the 3"),
            std::string::npos);
  GraphBuilder b("hard");
  const TensorId x = b.input({1, 8, 8, 8});
  const Graph hard = b.build({b.node("act", HardSwish{}, {x})});
  EXPECT_NE(error_of([&] { pipeline_segments(*target, hard, 1); }).find("does not map fully"), std::string::npos);
}

// Models that are compiled together share the cache, first come first.
TEST(CoCompiled, TheSecondModelGetsWhatTheFirstLeft) {
  const auto target = open_target("edgetpu-usb3");
  const Graph graph = build_zoo_model("mobilenet-v2", {.h = 224, .w = 224});
  const CheckReport alone = target->check(graph);
  const CheckReport second = target->check(graph, {.cache_taken = alone.onchip_bytes});
  EXPECT_LT(second.onchip_bytes, alone.onchip_bytes);
  // The compiler counts whole lines of what is cached, and bytes of what is streamed.
  const auto all = static_cast<double>(alone.onchip_bytes + alone.offchip_bytes);
  EXPECT_NEAR(static_cast<double>(second.onchip_bytes + second.offchip_bytes), all, 0.01 * all);
  EXPECT_LE(alone.onchip_bytes + second.onchip_bytes, 8 << 20);  // the memory that both share
}

}  // namespace
}  // namespace Atoll
