// The cycles that the compiler itself estimates and writes into an executable: another rule than the chip's.
#include <algorithm>

#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/parameters.h"
#include "target/edgetpu/steps.h"

namespace Atoll::edgetpu {
namespace {

// It counts a convolution in groups of 32 output channels, at twice the clock, and never less than six steps for
// an output (eight where the tiles split the channels).
constexpr int kChannels = 32, kLeastDepth = 6, kLeastVectorDepth = 8;
// It counts nothing for a depthwise convolution but the gathering of its input where that has a stride and a
// tile's map is large: a constant for a position where the channels fill whole groups of 64, otherwise by channel,
// less where they are fewer than 64.
constexpr double kGatherAligned = 96, kGatherPerChannel = 3.6, kGatherPerChannelBelow64 = 2.5, kSmallMap = 16;
// Rows of a tile that are computed again for each further piece of a map.
constexpr double kRepeatedRows = 2;

double convolution(const Compute& c, const Layer& layer, const Extent& map) {
  const std::int64_t tiles = static_cast<std::int64_t>(c.tiles_y) * c.tiles_x;
  if (single_position(map))
    return 2 * std::max<double>(kLeastVectorDepth, depth(c, layer)) *
           static_cast<double>(ceil_div(layer.out.z, tiles * c.cells_per_tile));
  return 2 * tile_positions(c, map) * std::max<double>(kLeastDepth, depth(c, layer)) *
         static_cast<double>(ceil_div(layer.out.z, kChannels));
}

double gathering(const Compute& c, const Layer& layer) {
  const double positions = tile_positions(c, layer.out);
  if (positions <= kSmallMap || layer.stride_y == 1) return 0;
  if (layer.out.z % c.cells_per_tile == 0) return positions * kGatherAligned;
  const double by_channel = layer.out.z < c.cells_per_tile ? kGatherPerChannelBelow64 : kGatherPerChannel;
  return positions * by_channel * static_cast<double>(layer.out.z);
}

double of_whole_map(const Compute& c, const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::kConv:
    case LayerKind::kFullyConnected: return convolution(c, layer, layer.out);
    case LayerKind::kTransposeConv: return convolution(c, layer, layer.in);
    case LayerKind::kDepthwise: return gathering(c, layer);
    default: return 0;
  }
}

}  // namespace

double compiler_cycles(const Chip& chip, const Layer& layer) {
  const auto more = static_cast<double>(pieces_of(chip, layer) - 1);
  const auto rows = static_cast<double>(ceil_div(layer.out.y, chip.compute.tiles_y));
  return of_whole_map(chip.compute, layer) * (1 + more * kRepeatedRows / rows);
}

double hiding_cycles(const Compute& c, const Layer& layer) {
  if (layer.kind != LayerKind::kDepthwise) return of_whole_map(c, layer);
  return 2 * tile_positions(c, layer.out) * layer.kernel_y *
         static_cast<double>(ceil_div(layer.kernel_x, 4) * ceil_div(layer.out.z, c.lanes_per_cell));
}

}  // namespace Atoll::edgetpu
