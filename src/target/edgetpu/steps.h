// Steps: what the cells of one tile do one after another for a layer, before any stall. The chip's own cycles and
// the compiler's estimate both begin here.
#pragma once

#include "target/edgetpu/chip.h"
#include "target/edgetpu/layer.h"
#include "target/edgetpu/parameters.h"

namespace Atoll::edgetpu {

// Positions of a map that one tile works on.
inline double tile_positions(const Compute& c, const Extent& map) {
  return static_cast<double>(ceil_div(map.y, c.tiles_y) * ceil_div(map.x, c.tiles_x));
}

// Multiplications that one cell makes one after another for one output.
inline double depth(const Compute& c, const Layer& layer) {
  return static_cast<double>(layer.kernel_y) * layer.kernel_x *
         static_cast<double>(ceil_div(layer.in.z, c.lanes_per_cell));
}

}  // namespace Atoll::edgetpu
