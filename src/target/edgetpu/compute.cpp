// Cycles by layer: the compiler's own estimate, and what the chip really takes.
#include <algorithm>
#include <cmath>

#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/parameters.h"

namespace Atoll::edgetpu {
namespace {

double tile_positions(const Compute& c, const Extent& map) {
  return static_cast<double>(ceil_div(map.y, c.tiles_y) * ceil_div(map.x, c.tiles_x));
}

bool single_position(const Extent& map) { return map.y == 1 && map.x == 1; }

// Multiplications that one cell makes one after another for one output.
double depth(const Compute& c, const Layer& layer) {
  return static_cast<double>(layer.kernel_y) * layer.kernel_x *
         static_cast<double>(ceil_div(layer.in.z, c.lanes_per_cell));
}

// The compiler counts a convolution in groups of 32 output channels, at twice the clock, and never less than
// six steps for an output; at one position the tiles split the output channels.
constexpr int kEstimatedChannels = 32, kEstimatedDepth = 6;
// It counts nothing for a depthwise convolution but the gathering of its input where that has a stride and a
// tile's map is large: by channel, or by a constant where the channels fill whole groups of 64.
constexpr double kGatherPerChannel = 3.426, kGatherAligned = 102.66;
constexpr double kSmallMap = 16;

double estimated_conv(const Compute& c, const Layer& layer, const Extent& map) {
  const std::int64_t tiles = static_cast<std::int64_t>(c.tiles_y) * c.tiles_x;
  if (single_position(map))
    return 2 * std::max(8.0, depth(c, layer)) * static_cast<double>(ceil_div(layer.out.z, tiles * c.cells_per_tile));
  return 2 * tile_positions(c, map) * std::max<double>(kEstimatedDepth, depth(c, layer)) *
         static_cast<double>(ceil_div(layer.out.z, kEstimatedChannels));
}

double estimated_depthwise(const Compute& c, const Layer& layer) {
  const double positions = tile_positions(c, layer.out);
  if (positions <= kSmallMap || layer.stride_y == 1) return 0;
  return positions *
         (layer.out.z % c.cells_per_tile == 0 ? kGatherAligned : kGatherPerChannel * static_cast<double>(layer.out.z));
}

double conv_cycles(const Compute& c, const Layer& layer, const Extent& map) {
  const auto groups = static_cast<double>(ceil_div(layer.out.z, c.cells_per_tile));
  const double cells = std::min<double>(
      c.cells_per_tile, std::exp2(std::ceil(std::log2(static_cast<double>(std::max<std::int64_t>(1, layer.out.z))))));
  const double fed = std::max(c.conv_stall, cells * c.lanes_per_cell / c.weight_bytes_per_cycle);
  return tile_positions(c, map) * depth(c, layer) * groups * fed;
}

}  // namespace

double compiler_cycles(const Compute& c, const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::kConv:
    case LayerKind::kFullyConnected: return estimated_conv(c, layer, layer.out);
    case LayerKind::kTransposeConv: return estimated_conv(c, layer, layer.in);
    case LayerKind::kDepthwise: return estimated_depthwise(c, layer);
    default: return 0;
  }
}

double chip_cycles(const Compute& c, const Layer& layer) {
  const double positions = tile_positions(c, layer.out);
  switch (layer.kind) {
    case LayerKind::kConv:
      if (!single_position(layer.out)) return conv_cycles(c, layer, layer.out);
      [[fallthrough]];
    case LayerKind::kFullyConnected:
      return static_cast<double>(layer.parameter_bytes) / c.fully_connected_bytes_per_cycle;
    case LayerKind::kTransposeConv: return conv_cycles(c, layer, layer.in);
    case LayerKind::kDepthwise:
    case LayerKind::kPool:
      return positions * static_cast<double>(ceil_div(layer.out.z, c.lanes_per_cell)) *
             (layer.kernel_y * layer.kernel_x * c.depthwise_tap_cycles + c.depthwise_output_cycles) /
             (single_position(layer.out) ? c.tiles_y * c.tiles_x : 1);
    case LayerKind::kElementwise:
    case LayerKind::kPointwise:
    case LayerKind::kMean:
    case LayerKind::kSoftmax:
    case LayerKind::kMove: return static_cast<double>(layer.in_bytes + layer.out_bytes) / c.elementwise_bytes_per_cycle;
    case LayerKind::kPad:
    case LayerKind::kNothing: return 0;
  }
  return 0;
}

}  // namespace Atoll::edgetpu
