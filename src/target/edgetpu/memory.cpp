// Who has which share of the chip's memories.
#include <algorithm>
#include <numeric>

#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/parameters.h"

namespace Atoll::edgetpu {
namespace {

// Of one tile: the map in rows and columns is split, channels are not.
std::int64_t tile_bytes(const Compute& c, const Extent& map) {
  return ceil_div(map.y, c.tiles_y) * ceil_div(map.x, c.tiles_x) * map.z;
}

std::int64_t map_bytes(const Compute& c, const Layer& layer) {
  return tile_bytes(c, layer.in) + tile_bytes(c, layer.out);
}

std::int64_t tiles_of(const Compute& c) { return static_cast<std::int64_t>(c.tiles_y) * c.tiles_x; }

// Of a tile's narrow memory, while a layer is worked on in pieces.
constexpr std::int64_t kPieceOverhead = 12 * 1024;

constexpr std::int64_t kNeverFits = std::int64_t{1} << 60;

bool is_dense(const Layer& layer) {
  return layer.kind == LayerKind::kFullyConnected || (layer.kind == LayerKind::kConv && single_position(layer.out));
}

// Lines of the wide memory that a layer's parameters take, summed over the tiles. A convolution's weights lie in
// one tile (or go on in a second), a line for 64 output channels, however few there are. Those of a fully
// connected layer are split by output channel, so that every tile holds a line for every input.
std::int64_t lines_of(const Chip& chip, const Layer& layer) {
  if (layer.parameter_bytes == 0) return 0;
  const std::int64_t tiles = tiles_of(chip.compute);
  const std::int64_t depth =
      static_cast<std::int64_t>(layer.kernel_y) * layer.kernel_x * round_up(layer.in.z, 4) + layer.channel_bytes;
  const bool dense = is_dense(layer);
  if (dense && layer.out.z > chip.memory.line_bytes)
    return std::max(tiles * depth, ceil_div(layer.parameter_bytes, chip.memory.line_bytes));
  if (dense) {  // its outputs share a line in one tile, which must hold all of it
    const std::int64_t tile_lines = chip.memory.wide_bytes / tiles / chip.memory.line_bytes;
    return depth > tile_lines ? kNeverFits : depth;
  }
  if (layer.kind == LayerKind::kConv || layer.kind == LayerKind::kTransposeConv)
    return std::max(depth * ceil_div(layer.out.z, chip.memory.line_bytes),
                    ceil_div(layer.parameter_bytes, chip.memory.line_bytes));
  return ceil_div(layer.parameter_bytes, chip.memory.line_bytes);
}

// What computing itself needs of the wide memory, in all tiles together.
std::int64_t scratch_bytes(const Chip& chip, std::span<const Layer> layers) {
  std::int64_t bytes = chip.memory.scratch_bytes_per_tile;
  for (const Layer& layer : layers) {
    if (layer.joins) bytes = std::max(bytes, chip.memory.branch_scratch_bytes_per_tile);
    const bool pools = layer.kind == LayerKind::kPool || layer.kind == LayerKind::kMean;
    if (pools && single_position(layer.out) && chip.memory.pooling_vectors > 0)
      bytes = std::max(bytes, layer.in.elements() + chip.memory.pooling_vectors * layer.in.z);
  }
  return bytes * tiles_of(chip.compute);
}

// Packed as whole groups of four classes.
std::int64_t table_bytes(const Chip& chip, const Layer& layer) {
  return chip.memory.class_table_bytes * round_up(layer.table_classes, 4);
}

}  // namespace

bool single_position(const Extent& map) { return map.y == 1 && map.x == 1; }

std::int64_t pieces_of(const Chip& chip, const Layer& layer) {
  if (layer.kind == LayerKind::kPad || layer.kind == LayerKind::kNothing) return 1;
  const std::int64_t bytes = map_bytes(chip.compute, layer);
  if (bytes <= chip.memory.narrow_bytes_per_tile) return 1;
  return ceil_div(bytes, chip.memory.narrow_bytes_per_tile) + 1;  // one more for the overlapping rows
}

std::int64_t sends_of(const Chip& chip, const Layer& layer) {
  if (pieces_of(chip, layer) == 1) return 1;
  const Compute& c = chip.compute;
  const std::int64_t in_row = ceil_div(layer.in.x, c.tiles_x) * layer.in.z;
  const std::int64_t out_row = ceil_div(layer.out.x, c.tiles_x) * layer.out.z;
  const std::int64_t in_rows = ceil_div(layer.in.y, c.tiles_y), out_rows = ceil_div(layer.out.y, c.tiles_y);
  const std::int64_t overlap = std::max(0, layer.kernel_y - layer.stride_y);
  std::int64_t pieces = 2;
  while (pieces < out_rows && ceil_div(out_rows, pieces) * out_row + (ceil_div(in_rows, pieces) + overlap) * in_row >
                                  chip.memory.narrow_bytes_per_tile - kPieceOverhead)
    pieces *= 2;
  return pieces + 1;
}

double narrow_share(const Chip& chip, const Layer& layer) {
  return static_cast<double>(map_bytes(chip.compute, layer)) / static_cast<double>(chip.memory.narrow_bytes_per_tile);
}

Cache allocate(const Chip& chip, std::span<const Layer> layers, std::int64_t taken_bytes) {
  const std::int64_t available =
      std::max<std::int64_t>(0, chip.memory.wide_bytes - scratch_bytes(chip, layers) - taken_bytes);
  std::int64_t lines = available / chip.memory.line_bytes, reported_lines = 0, reported_dense = 0;

  // Cycles to hide behind, for each byte.
  std::vector<double> hidden(layers.size(), 0);
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (layers[i].parameter_bytes > 0)
      hidden[i] = hiding_cycles(chip.compute, layers[i]) / static_cast<double>(layers[i].parameter_bytes);
  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (hidden[a] != hidden[b]) return hidden[a] < hidden[b];
    return layers[a].parameter_bytes > layers[b].parameter_bytes;
  });
  Cache cache{std::vector<bool>(layers.size(), true), 0, 0, 0, available, 0};
  for (const std::size_t i : order) {
    const std::int64_t need = lines_of(chip, layers[i]);
    if (need <= lines && !layers[i].always_streamed) {
      lines -= need;
      const std::int64_t bytes = layers[i].parameter_bytes + table_bytes(chip, layers[i]);
      cache.onchip_bytes += bytes;
      if (is_dense(layers[i]))
        reported_dense += bytes;
      else
        reported_lines += std::max(need, ceil_div(bytes, chip.memory.line_bytes));
    } else {
      cache.offchip_bytes += layers[i].parameter_bytes;
      cache.cached[i] = false;
    }
  }
  cache.free_bytes = lines * chip.memory.line_bytes;
  cache.reported_bytes = reported_lines * chip.memory.line_bytes + reported_dense;
  return cache;
}

}  // namespace Atoll::edgetpu
