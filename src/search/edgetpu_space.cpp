// The space "edgetpu": what the Edge TPU computes well, around EfficientNet-EdgeTPU-S, which is one of its
// points. Three layouts by resolution, so that the last map is 4x4 or larger wherever the input allows it.
#include <algorithm>

#include "search/factorized_space.h"

namespace Atoll {
namespace {

constexpr BlockKind F = BlockKind::kFused, D = BlockKind::kDepthwise, P = BlockKind::kPlain, G = BlockKind::kGrouped;

const std::vector<BlockChoice> kAny = {{F, 3}, {D, 3}, {D, 5}, {P, 3}, {D, 7}, {G, 3}};

// From 128 pixels on; 224 ends in a 7x7 map.
SpaceTable large() {
  return {.name = "edgetpu",
          .activation = "relu",
          .stem_stride = 2,
          .stem = {16, 24, 32, 40},
          // stride, block, expansion, channels, repeats, skip
          .stages = {{1, {{F, 3}, {D, 3}, {P, 3}}, {2, 3, 4}, {16, 24, 32}, {1, 2}, {false, true}},
                     {2, kAny, {4, 6, 8}, {24, 32, 40}, {1, 2, 3}, {false, true}},
                     {2, kAny, {4, 6, 8}, {40, 48, 64}, {2, 3, 4, 5}, {false, true}},
                     {2, kAny, {4, 6, 8}, {80, 96, 112}, {3, 4, 5, 6}, {false, true}},
                     {1, kAny, {4, 6, 8}, {112, 144, 176}, {2, 3, 4, 5}, {false, true}},
                     {2, kAny, {4, 6, 8}, {160, 192, 232}, {1, 2, 3}, {false, true}}},
          .head = {960, 1280, 1536},
          .dropout = 0.2f};
}

// From 64 to 127 pixels.
SpaceTable medium() {
  return {.name = "edgetpu",
          .activation = "relu",
          .stem_stride = 2,
          .stem = {16, 24, 32},
          .stages = {{1, {{F, 3}, {D, 3}, {P, 3}}, {2, 3, 4}, {16, 24}, {1, 2}, {false, true}},
                     {2, kAny, {2, 4, 6, 8}, {24, 32, 48}, {1, 2, 3}, {false, true}},
                     {2, kAny, {2, 4, 6, 8}, {48, 64, 80}, {1, 2, 3}, {false, true}},
                     {1, kAny, {2, 4, 6}, {64, 96, 128}, {1, 2, 3}, {false, true}},
                     {2, kAny, {2, 4, 6}, {96, 128, 160}, {1, 2}, {false, true}}},
          .head = {0, 256, 512},
          .dropout = 0.1f};
}

// Up to 63 pixels: 28 and 32 are the sizes in mind. Most samples take 2 to 30 million multiply-accumulates
// there, which a desktop CPU trains in minutes.
SpaceTable small() {
  return {.name = "edgetpu",
          .activation = "relu",
          .stem_stride = 1,
          .stem = {16, 24, 32},
          .stages = {{1, {{F, 3}, {D, 3}, {P, 3}}, {2, 3, 4}, {16, 24}, {1, 2}, {false, true}},
                     {2, kAny, {2, 3, 4, 6}, {24, 32, 48}, {1, 2, 3}, {false, true}},
                     {2, kAny, {2, 3, 4, 6}, {48, 64, 96}, {1, 2, 3}, {false, true}}},
          .head = {0, 128, 256},
          .dropout = 0.1f};
}

}  // namespace

SpaceTable edgetpu_table(const SpaceOptions& options) {
  const int side = std::min(options.h, options.w);
  SpaceTable table = side >= 128 ? large() : side >= 64 ? medium() : small();
  keep_maps_large(table, side);
  return table;
}

void keep_maps_large(SpaceTable& table, int side) {
  int rest = side / table.stem_stride;
  for (StageTable& stage : table.stages) {
    if (rest / stage.stride < 4) stage.stride = 1;
    rest /= stage.stride;
  }
}

}  // namespace Atoll
