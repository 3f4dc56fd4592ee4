// Cycles by layer: what the chip really takes.
#include <algorithm>
#include <cmath>

#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/parameters.h"
#include "target/edgetpu/steps.h"

namespace Atoll::edgetpu {
namespace {

double conv_cycles(const Compute& c, const Layer& layer, const Extent& map) {
  const auto groups = static_cast<double>(ceil_div(layer.out.z, c.cells_per_tile));
  const double cells = std::min<double>(
      c.cells_per_tile, std::exp2(std::ceil(std::log2(static_cast<double>(std::max<std::int64_t>(1, layer.out.z))))));
  const double fed = std::max(c.conv_stall, cells * c.lanes_per_cell / c.weight_bytes_per_cycle);
  return tile_positions(c, map) * depth(c, layer) * groups * fed;
}

}  // namespace

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
