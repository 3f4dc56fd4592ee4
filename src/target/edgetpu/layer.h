// Layer: what the chip has to do for one op, in plain numbers: shapes with a batch of one, windows, bytes. The
// chip model reads nothing else, so that a prediction touches no names and no strings.
#pragma once

#include <cstdint>
#include <vector>

#include "atoll/graph.h"

namespace Atoll::edgetpu {

enum class LayerKind : std::uint8_t {
  kConv,
  kDepthwise,
  kTransposeConv,
  kFullyConnected,
  kElementwise,  // add, sub, mul and their like, of two tensors
  kPointwise,    // activations and requantization, of one tensor
  kPool,
  kMean,
  kSoftmax,
  kMove,     // concatenation, slice, resize: bytes go elsewhere
  kPad,      // done while the next layer reads
  kNothing,  // reshape and its like: the same bytes in the same place
};

struct Extent {  // of an activation: rows, columns, channels
  std::int64_t y = 1, x = 1, z = 1;
  std::int64_t elements() const { return y * x * z; }
};
// The three innermost dimensions of a shape.
Extent extent_of(const Shape& shape);

struct Layer {
  LayerKind kind = LayerKind::kNothing;
  int node = 0;    // index into the graph's nodes
  Extent in, out;  // first activation input, first output
  int kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1;
  std::int64_t in_bytes = 0;   // of all activations read
  std::int64_t out_bytes = 0;  // of all activations written
  std::int64_t macs = 0;
  std::int64_t parameter_bytes = 0;  // as packed for the chip
  std::int64_t channel_bytes = 0;    // of them, for each output channel, besides its weights
  bool joins = false;                // reads more than one activation: where branches meet
  bool fused = false;                // requantization, done while a neighbour reads or writes
  bool always_streamed = false;      // its parameters never stay on the chip
  std::int64_t table_classes = 0;    // of a softmax that the compiler makes of tables with an entry a class
};

// One layer for every node of an inference graph. `int8` says how it is quantized: int8 (a scale a channel) or
// uint8 (one for the layer).
std::vector<Layer> layers_of(const Graph& graph, bool int8);

}  // namespace Atoll::edgetpu
