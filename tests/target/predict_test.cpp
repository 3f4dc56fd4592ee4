#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "atoll/builder.h"
#include "atoll/error.h"
#include "atoll/target.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu/chip_model.h"

namespace Atoll {
namespace {

using edgetpu::Layer;
using edgetpu::LayerKind;

Graph stack(int layers, int channels, int side) {
  GraphBuilder b("stack");
  TensorId x = b.input({1, side, side, 3});
  for (int i = 0; i < layers; ++i)
    x = b.conv2d(x, channels, 3, {.activation = Activation::kRelu, .bias = true}, "conv" + std::to_string(i));
  return b.build({x});
}

TEST(Predict, MoreWorkTakesLonger) {
  const auto target = open_target("edgetpu-usb3");
  const double small = target->predict(stack(4, 32, 64)).latency_ms;
  EXPECT_LT(small, target->predict(stack(8, 32, 64)).latency_ms);
  EXPECT_LT(small, target->predict(stack(4, 64, 64)).latency_ms);
  EXPECT_LT(small, target->predict(stack(4, 32, 128)).latency_ms);
}

TEST(Predict, Usb2IsSlowerThanUsb3) {
  const Graph graph = stack(4, 32, 64);
  EXPECT_GT(open_target("edgetpu-usb2")->predict(graph).latency_ms,
            open_target("edgetpu-usb3")->predict(graph).latency_ms);
}

TEST(Predict, LayersAddUpToTheLatency) {
  const Prediction prediction = open_target("edgetpu-usb3")->predict(stack(6, 48, 64));
  double sum = 0;
  for (const LayerPrediction& layer : prediction.layers) sum += layer.ms;
  EXPECT_NEAR(sum, prediction.latency_ms, 1e-9);
  EXPECT_LT(prediction.low_ms, prediction.latency_ms);
  EXPECT_GT(prediction.high_ms, prediction.latency_ms);
  EXPECT_GE(prediction.first_ms, prediction.latency_ms);
}

TEST(Predict, TheShortWayGivesTheSameLatency) {
  const Graph graph = stack(5, 40, 64);
  const auto target = open_target("edgetpu-pcie");
  EXPECT_DOUBLE_EQ(target->latency_ms(graph), target->predict(graph).latency_ms);
}

TEST(Predict, ParametersBeyondTheCacheAreStreamed) {
  const Prediction prediction = open_target("edgetpu-usb3")->predict(stack(10, 512, 16));
  EXPECT_GT(prediction.offchip_bytes, 0);
  EXPECT_GT(prediction.onchip_bytes, 0);
  EXPECT_LT(prediction.onchip_bytes, 8 << 20);
}

TEST(Predict, WeightsAreFetchedOneLayerAhead) {
  // Three layers of 1 ms each, the last one streamed in 3 ms: its weights are asked for when the second begins.
  edgetpu::Chip chip;
  chip.compute = {.clock_mhz = 1, .conv_stall = 1, .layer_overhead_us = 0};
  chip.compute.weight_bytes_per_cycle = 256;
  chip.link = {.fixed_ms = 0, .parameters_mb_per_s = 1, .first_run_ms = 0};
  // 4x4 positions, one on each tile, 125 * 8 = 1000 steps at 1 MHz
  const Layer layer{.kind = LayerKind::kConv,
                    .in = {4, 4, 32},
                    .out = {4, 4, 64},
                    .kernel_y = 25,
                    .kernel_x = 5,
                    .parameter_bytes = 3000};
  const std::vector<Layer> layers(3, layer);
  edgetpu::Cache cache{{true, true, false}, 6000, 0, 3000};
  EXPECT_NEAR(edgetpu::timeline(chip, layers, cache, {}, 0).total_ms, 1 + 3 + 1, 1e-9);
  cache.cached = {true, true, true};
  EXPECT_NEAR(edgetpu::timeline(chip, layers, cache, {}, 0).total_ms, 3, 1e-9);
}

TEST(Predict, ALayerTooLargeForTheNarrowMemoryGetsItsWeightsOnceForEachPieceAndOnceMore) {
  // 64x64 in and out of 512 channels: 16x16 positions a tile, 128 KiB each; halves fit the 192 KiB.
  const edgetpu::Chip chip;
  Layer layer{.kind = LayerKind::kConv, .in = {64, 64, 512}, .out = {64, 64, 512}, .kernel_y = 3, .kernel_x = 3};
  EXPECT_EQ(edgetpu::sends_of(chip, layer), 3);
  layer.in.z = layer.out.z = 704;  // 176 KiB each: quarters
  EXPECT_EQ(edgetpu::sends_of(chip, layer), 5);
  layer.in.z = layer.out.z = 256;  // 64 KiB each
  EXPECT_EQ(edgetpu::sends_of(chip, layer), 1);
}

TEST(Targets, AnUnknownNameIsRefusedWithTheNearest) {
  try {
    open_target("edgetpu-usb4");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("edgetpu-usb3"));
  }
}

TEST(TargetFile, KeepsEveryParameter) {
  for (const edgetpu::Chip& chip : edgetpu::known_chips()) {
    const std::string text = edgetpu::write_chip(chip);
    EXPECT_EQ(edgetpu::write_chip(edgetpu::read_chip(text, "chip.json")), text);
  }
}

TEST(TargetFile, RefusesWhatIsNoNumber) {
  EXPECT_THROW(edgetpu::read_chip(R"({"compute": {"clock_mhz": "fast"}})", "chip.json"), Error);
  EXPECT_THROW(edgetpu::read_chip(R"({"compute": {"clock_mhz": 0}})", "chip.json"), Error);
  EXPECT_THROW(edgetpu::read_chip("[1, 2", "chip.json"), Error);
}

}  // namespace
}  // namespace Atoll
