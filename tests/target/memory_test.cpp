// Who gets the Edge TPU's memories, computed by hand or read from what its compiler wrote of small networks.
#include <gtest/gtest.h>

#include "atoll/builder.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/parameters.h"

namespace Atoll {
namespace {

using edgetpu::Cache;
using edgetpu::Chip;
using edgetpu::Layer;
using edgetpu::LayerKind;

constexpr std::int64_t kMiB = 1024 * 1024;

// Without anything but parameters in the wide memory.
Chip bare_chip() {
  Chip chip = edgetpu::known_chips().front();
  chip.memory.scratch_bytes_per_tile = chip.memory.branch_scratch_bytes_per_tile = 0;
  return chip;
}

Layer convolution(int kernel, int channels, int side) {
  Layer layer{.kind = LayerKind::kConv, .in = {side, side, channels}, .out = {side, side, channels}};
  layer.kernel_y = layer.kernel_x = kernel;
  layer.channel_bytes = 4;
  layer.parameter_bytes = edgetpu::packed_conv_bytes(kernel, kernel, channels, channels, 4);
  return layer;
}

TEST(Parameters, ArePackedAsTheCompilerPacksThem) {
  const std::int64_t uint8 = edgetpu::channel_bytes(false, true), int8 = edgetpu::channel_bytes(true, true);
  // 1x1, 3 -> 3 channels, uint8: (4 + 4 bytes of bias) * 4 channels, aligned to 64; the compiler writes 64.
  EXPECT_EQ(edgetpu::packed_conv_bytes(1, 1, 3, 3, uint8), 64);
  // 3x3 depthwise on 24 channels, uint8: (36 + 4) * 32.
  EXPECT_EQ(edgetpu::packed_depthwise_bytes(3, 3, 24, uint8), 1280);
  // 1024 x 1024, int8: (1024 + 12) * 1024; without a bias the compiler writes 1056768 bytes, 8 a channel.
  EXPECT_EQ(edgetpu::packed_conv_bytes(1, 1, 1024, 1024, int8), 1060864);
  EXPECT_EQ(edgetpu::packed_fully_connected_bytes(1024, 1024, edgetpu::channel_bytes(true, false)), 1056768);
}

TEST(Parameters, AConstantOperandGoesToEveryTileOrIsDealtOut) {
  EXPECT_EQ(edgetpu::packed_vector_bytes(3), 16 * 4);    // three channels, one byte each, in fours
  EXPECT_EQ(edgetpu::packed_vector_bytes(64), 16 * 64);  // batch norm that could not be folded, as in DenseNet
  EXPECT_EQ(edgetpu::packed_map_bytes(48 * 48), 2304);   // MoveNet's weighting of its centre map
}

TEST(Memory, AConstantOperandIsAlwaysStreamed) {
  GraphBuilder b("norm");
  const TensorId x = b.input({1, 8, 8, 96});
  const TensorId y = b.node("scale", Mul{}, {x, b.constant({96}, "gamma")});
  const Graph graph = b.build({y});
  const Cache cache = edgetpu::allocate(bare_chip(), edgetpu::layers_of(graph, true), 0);
  EXPECT_EQ(cache.offchip_bytes, 16 * 96);
  EXPECT_EQ(cache.onchip_bytes, 0);
}

TEST(Memory, AConvolutionTakesWholeLinesHoweverFewItsChannels) {
  // 7x7, 32 -> 32: (49 * 32 + 4) lines of 64 bytes, of which 32 are used. Nine such and one of 3 -> 32 are what the
  // compiler reports as 0.8759765625 MiB, but for the single value at the end.
  const std::vector<Layer> layers = {convolution(7, 32, 128)};
  const Cache cache = edgetpu::allocate(bare_chip(), layers, 0);
  EXPECT_EQ(cache.onchip_bytes, (49 * 32 + 4) * 32);
  EXPECT_EQ(cache.reported_bytes, (49 * 32 + 4) * 64);
  EXPECT_NEAR(static_cast<double>(9 * cache.reported_bytes + (49 * 4 + 4) * 64), 0.8759765625 * kMiB, 512);
}

TEST(Memory, KeepsWhatComputingCouldHideLeast) {
  // The same weights on a map of 8x8 (4 positions in a tile) and of 64x64 (256): one of them fits.
  Chip chip = bare_chip();
  const std::vector<Layer> layers = {convolution(1, 64, 64), convolution(1, 64, 8)};
  chip.memory.wide_bytes = (64 + 4) * 64;
  const Cache cache = edgetpu::allocate(chip, layers, 0);
  EXPECT_FALSE(cache.cached[0]);
  EXPECT_TRUE(cache.cached[1]);
  EXPECT_EQ(cache.offchip_bytes, (64 + 4) * 64);
  EXPECT_EQ(cache.free_bytes, 0);
}

TEST(Memory, NarrowDenseLayersFillEveryTile) {
  // A hundred layers of 100 x 100: each takes 104 lines in every tile, of which a tile has 8192; the compiler keeps 78.
  Layer layer{.kind = LayerKind::kFullyConnected, .in = {1, 1, 100}, .out = {1, 1, 100}};
  layer.channel_bytes = 4;
  layer.parameter_bytes = edgetpu::packed_fully_connected_bytes(100, 100, 4);
  const std::vector<Layer> layers(100, layer);
  const Cache cache = edgetpu::allocate(bare_chip(), layers, 0);
  EXPECT_EQ(cache.onchip_bytes, 78 * layer.parameter_bytes);
  EXPECT_EQ(cache.offchip_bytes, 22 * layer.parameter_bytes);
}

TEST(Memory, FirstCompilersGatheredTheMapOfAGlobalPooling) {
  // ResNet-50: 7 x 7 x 2048 and seven vectors beside it in each of 16 tiles; compiler 2.0 reports 6.25 MiB available.
  Chip chip = bare_chip();
  chip.memory.pooling_vectors = 7;
  const std::vector<Layer> layers = {
      {.kind = LayerKind::kPool, .in = {7, 7, 2048}, .out = {1, 1, 2048}, .kernel_y = 7, .kernel_x = 7}};
  EXPECT_EQ(edgetpu::allocate(chip, layers, 0).available_bytes, 25 * kMiB / 4);
}

TEST(Memory, WhereBranchesMeetMoreIsTaken) {
  const Chip& chip = edgetpu::known_chips().front();
  std::vector<Layer> layers = {convolution(1, 64, 8)};
  EXPECT_EQ(edgetpu::allocate(chip, layers, 0).available_bytes, 8 * kMiB - 16 * 17 * 1024);
  layers.push_back({.kind = LayerKind::kElementwise, .in = {8, 8, 64}, .out = {8, 8, 64}, .joins = true});
  EXPECT_EQ(edgetpu::allocate(chip, layers, 0).available_bytes, 8 * kMiB - 16 * 48 * 1024);
}

TEST(Memory, AMapThatDoesNotFitIsCut) {
  const Chip& chip = edgetpu::known_chips().front();
  // 128 x 128 x 96 in and out: 32 * 32 * 96 bytes in a tile each, together all of its 192 KiB.
  EXPECT_EQ(edgetpu::pieces_of(chip, convolution(1, 96, 128)), 1);
  EXPECT_GT(edgetpu::pieces_of(chip, convolution(1, 96, 132)), 1);
}

TEST(InstructionBytes, OfDenseLayersAreThoseOfTheCompiler) {
  // The compiler writes 4224, 6144 and 9984 bytes for 256, 512 and 1024 inputs with a requantization at each end.
  for (const auto& [inputs, bytes] : {std::pair{256, 4224.0}, {512, 6144.0}, {1024, 9984.0}}) {
    const Layer requantize{.kind = LayerKind::kPointwise, .fused = true};
    const std::vector<Layer> layers = {
        requantize, {.kind = LayerKind::kFullyConnected, .in = {1, 1, inputs}, .out = {1, 1, inputs}}, requantize};
    EXPECT_NEAR(edgetpu::instruction_bytes(edgetpu::known_chips().front(), layers), bytes, 0.1 * bytes);
  }
}

TEST(CompilerCycles, FollowThePublishedFormula) {
  const Chip& chip = edgetpu::known_chips().front();
  // 2 * 32 * 32 * 49 * 8 * 1, half of which at 500 MHz is 0.803 ms.
  EXPECT_DOUBLE_EQ(edgetpu::compiler_cycles(chip, convolution(7, 32, 128)), 802816.0);
  const Layer dense{.kind = LayerKind::kFullyConnected, .in = {1, 1, 1024}, .out = {1, 1, 1001}};
  EXPECT_DOUBLE_EQ(edgetpu::compiler_cycles(chip, dense), 2.0 * 256);
}

}  // namespace
}  // namespace Atoll
