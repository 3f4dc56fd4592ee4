// How long the instruction stream is that is sent before every run.
#include <algorithm>
#include <cmath>

#include "target/edgetpu/chip_model.h"

namespace Atoll::edgetpu {
namespace {

// Instructions loop over more rows than this, or over the positions of a larger map, instead of naming each.
constexpr std::int64_t kUnrolledRows = 3000, kUnrolledPositions = 100;

double layer_bytes(const Chip& chip, const Layer& layer) {
  const Instructions& i = chip.instructions;
  double bytes = i.bytes_per_layer;
  if (layer.kind == LayerKind::kConv) bytes += i.tap_bytes * (layer.kernel_y * layer.kernel_x - 1);
  const bool vector = single_position(layer.out);
  const bool odd = !vector && (layer.out.y % chip.compute.tiles_y != 0 || layer.out.x % chip.compute.tiles_x != 0);
  if (odd) bytes += i.odd_map_bytes;
  if (layer.kind == LayerKind::kFullyConnected || (layer.kind == LayerKind::kConv && vector))
    bytes += i.row_bytes * static_cast<double>(std::min(layer.in.z, kUnrolledRows));
  if (vector && (layer.kind == LayerKind::kPool || layer.kind == LayerKind::kMean) &&
      layer.in.y * layer.in.x <= kUnrolledPositions)
    bytes += i.pooled_value_bytes * static_cast<double>(layer.in.elements());
  if (layer.kind == LayerKind::kSoftmax)
    bytes += i.softmax_bytes + i.class_bytes * static_cast<double>(layer.table_classes);
  if (layer.macs > 0) {
    const double pieces = std::ceil(narrow_share(chip, layer));
    bytes += odd ? i.odd_chunk_bytes * std::max(0.0, pieces - 1) : i.chunk_bytes * std::max(0.0, pieces - 2);
  }
  return bytes;
}

bool costs_instructions(const Layer& layer) { return layer.kind != LayerKind::kNothing && !layer.fused; }

}  // namespace

double instruction_bytes(const Chip& chip, std::span<const Layer> layers) {
  double bytes = chip.instructions.base_bytes;
  bool first = true;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (first && !single_position(layers[i].in)) bytes += chip.instructions.input_map_bytes;
    first = false;
    // Padding is done while the next layer reads; at the end it is a layer of its own.
    const bool read_later = layers[i].kind == LayerKind::kPad && i + 1 < layers.size();
    if (costs_instructions(layers[i]) && !read_later) bytes += layer_bytes(chip, layers[i]);
  }
  return bytes;
}

}  // namespace Atoll::edgetpu
