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

bool single_position(const Extent& map) { return map.y == 1 && map.x == 1; }

// Instructions loop over more rows than this instead of naming each.
constexpr std::int64_t kUnrolledRows = 3000;

// Of a tile's narrow memory, while a layer is worked on in pieces.
constexpr std::int64_t kPieceOverhead = 12 * 1024;

constexpr std::int64_t kNeverFits = std::int64_t{1} << 60;

// Lines of the wide memory that a layer's parameters take, summed over the tiles. A convolution's weights are
// dealt out among the tiles, a line for 64 output channels. Those of a fully connected layer are split by
// output channel, so that every tile holds a line for every input, however few of its bytes are used.
std::int64_t lines_of(const Chip& chip, const Layer& layer) {
  if (layer.parameter_bytes == 0) return 0;
  const std::int64_t tiles = static_cast<std::int64_t>(chip.compute.tiles_y) * chip.compute.tiles_x;
  const std::int64_t depth =
      static_cast<std::int64_t>(layer.kernel_y) * layer.kernel_x * round_up(layer.in.z, 4) + kBiasBytes;
  const bool dense =
      layer.kind == LayerKind::kFullyConnected || (layer.kind == LayerKind::kConv && single_position(layer.out));
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

}  // namespace

std::int64_t pieces_of(const Chip& chip, const Layer& layer) {
  if (layer.kind == LayerKind::kPad || layer.kind == LayerKind::kNothing) return 1;
  const std::int64_t bytes = tile_bytes(chip.compute, layer.in) + tile_bytes(chip.compute, layer.out);
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

double instruction_bytes(const Chip& chip, std::span<const Layer> layers) {
  const Instructions& i = chip.instructions;
  double bytes = i.base_bytes;
  for (const Layer& layer : layers) {
    if (layer.kind == LayerKind::kNothing) continue;
    bytes += i.bytes_per_layer;
    if (layer.kind == LayerKind::kPad) continue;
    if (layer.kind == LayerKind::kConv) bytes += i.tap_bytes * (layer.kernel_y * layer.kernel_x - 1);
    const bool odd = !single_position(layer.out) &&
                     (layer.out.y % chip.compute.tiles_y != 0 || layer.out.x % chip.compute.tiles_x != 0);
    if (odd) bytes += i.odd_map_bytes;
    if (layer.kind == LayerKind::kFullyConnected || (layer.kind == LayerKind::kConv && single_position(layer.out)))
      bytes += i.row_bytes * static_cast<double>(std::min(layer.in.z, kUnrolledRows));
    if (layer.kind == LayerKind::kSoftmax) bytes += i.softmax_bytes;
    const auto more = static_cast<double>(std::max<std::int64_t>(0, pieces_of(chip, layer) - 2));
    bytes += more * (odd ? i.odd_chunk_bytes : i.chunk_bytes);
  }
  return bytes;
}

Cache allocate(const Chip& chip, std::span<const Layer> layers, std::int64_t taken_bytes) {
  const std::int64_t available =
      std::max<std::int64_t>(0, chip.memory.wide_bytes - chip.memory.reserved_bytes - taken_bytes);
  std::int64_t lines = available / chip.memory.line_bytes;

  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return layers[a].parameter_bytes > layers[b].parameter_bytes; });
  Cache cache{std::vector<bool>(layers.size(), true), 0, 0, 0};
  for (const std::size_t i : order) {
    const std::int64_t need = lines_of(chip, layers[i]);
    if (need <= lines) {
      lines -= need;
      cache.onchip_bytes += layers[i].parameter_bytes;
    } else {
      cache.offchip_bytes += layers[i].parameter_bytes;
      cache.cached[i] = false;
    }
  }
  cache.free_bytes = lines * chip.memory.line_bytes;
  return cache;
}

}  // namespace Atoll::edgetpu
