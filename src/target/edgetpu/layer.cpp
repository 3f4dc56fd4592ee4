#include "target/edgetpu/layer.h"

#include <algorithm>

#include "target/edgetpu/op_names.h"
#include "target/edgetpu/parameters.h"

namespace Atoll::edgetpu {
namespace {

constexpr std::int64_t kCells = 64;  // of a tile: outputs that lie in one line

// Fills what depends on the kind of op; the common parts are there already.
class Filler {
 public:
  Filler(const Graph& graph, const Node& node, bool int8, Layer& layer)
      : graph_(graph), node_(node), int8_(int8), layer_(layer) {}

  void operator()(const Conv2D& op) {
    const Shape& w = weights();
    window(LayerKind::kConv, w[1], w[2], op.stride);
    layer_.macs = layer_.out.elements() * w[1] * w[2] * w[3];
    layer_.parameter_bytes = packed_conv_bytes(w[1], w[2], w[3], w[0], beside_weights(2));
  }
  void operator()(const DepthwiseConv2D& op) {
    const Shape& w = weights();
    window(LayerKind::kDepthwise, w[1], w[2], op.stride);
    layer_.macs = layer_.out.elements() * w[1] * w[2];
    layer_.parameter_bytes = packed_depthwise_bytes(w[1], w[2], w[3], beside_weights(2));
  }
  void operator()(const FullyConnected&) {
    const Shape& w = weights();
    layer_.kind = LayerKind::kFullyConnected;
    const std::int64_t rows = w[1] > 0 ? std::max<std::int64_t>(1, layer_.in_bytes / w[1]) : 1;
    layer_.in = {1, rows, w[1]};
    layer_.out = {1, rows, w[0]};
    layer_.macs = rows * w[0] * w[1];
    layer_.parameter_bytes = packed_fully_connected_bytes(w[1], w[0], beside_weights(2));
  }
  void operator()(const Add&) { two_inputs(); }
  void operator()(const Sub&) { two_inputs(); }
  void operator()(const Mul&) { two_inputs(); }
  void operator()(const AveragePool2D& op) { window(LayerKind::kPool, op.filter.h, op.filter.w, op.stride); }
  void operator()(const MaxPool2D& op) { window(LayerKind::kPool, op.filter.h, op.filter.w, op.stride); }
  void operator()(const Mean&) { layer_.kind = LayerKind::kMean; }
  void operator()(const Softmax&) {
    layer_.kind = LayerKind::kSoftmax;
    // Classes that fill whole lines of the cells need no tables.
    if (!int8_ && layer_.out.z > kCells && layer_.out.z % kCells != 0) layer_.table_classes = layer_.out.z;
  }
  void operator()(const Concatenation&) { layer_.kind = LayerKind::kMove; }
  void operator()(const Pad&) { layer_.kind = LayerKind::kPad; }
  void operator()(const Transpose&) { layer_.kind = LayerKind::kMove; }
  void operator()(const Reshape&) { layer_.kind = LayerKind::kNothing; }
  void operator()(const Dropout&) { layer_.kind = LayerKind::kNothing; }
  void operator()(const Relu&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Relu6&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const HardSwish&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Swish&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Sigmoid&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Tanh&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const HardSigmoid&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Quantize&) {
    layer_.kind = LayerKind::kPointwise;
    layer_.fused = true;
  }
  void operator()(const Dequantize&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const BatchNorm&) { layer_.kind = LayerKind::kPointwise; }
  void operator()(const Opaque& op) {
    const std::string name = compiler_name(Op(op));
    const auto is = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (is({"TRANSPOSE_CONV"}))
      transpose_conv();
    else if (is({"PAD", "PADV2"}))
      layer_.kind = LayerKind::kPad;
    else if (is({"SQUEEZE", "EXPAND_DIMS", "RESHAPE"}))
      layer_.kind = LayerKind::kNothing;
    else if (is({"MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "DIV"}))
      two_inputs();
    else if (is({"REDUCE_MAX", "REDUCE_MIN", "SUM", "L2_NORMALIZATION"}))
      layer_.kind = LayerKind::kMean;
    else if (is({"RSQRT", "PRELU", "RELU_N1_TO_1", "LEAKY_RELU"}))
      layer_.kind = LayerKind::kPointwise;
    else
      layer_.kind = LayerKind::kMove;
  }

 private:
  const Shape& weights() const { return graph_.tensor(node_.inputs[1]).shape; }
  void window(LayerKind kind, std::int64_t kernel_y, std::int64_t kernel_x, Size2D stride) {
    layer_.kind = kind;
    layer_.kernel_y = static_cast<int>(kernel_y);
    layer_.kernel_x = static_cast<int>(kernel_x);
    layer_.stride_y = stride.h;
    layer_.stride_x = stride.w;
  }
  void two_inputs() {
    layer_.kind = LayerKind::kElementwise;
    for (const TensorId id : node_.inputs) {
      if (id == kNoTensor || !graph_.tensor(id).constant) continue;
      const std::int64_t values = graph_.tensor(id).elements();
      if (values == 1) continue;  // becomes part of the requantization
      layer_.parameter_bytes += values <= layer_.out.z ? packed_vector_bytes(values) : packed_map_bytes(values);
      layer_.always_streamed = true;
    }
  }
  // Of each output channel; `bias` is the input that would be its bias.
  std::int64_t beside_weights(std::size_t bias) {
    const bool has_bias = node_.inputs.size() > bias && node_.inputs[bias] != kNoTensor;
    return layer_.channel_bytes = channel_bytes(int8_, has_bias);
  }
  void transpose_conv() {  // output shape, weights [out, kh, kw, in], x
    layer_.kind = LayerKind::kMove;
    if (node_.inputs.size() < 3 || graph_.tensor(node_.inputs[1]).shape.rank() != 4) return;
    const Shape& w = weights();
    layer_.in = extent_of(graph_.tensor(node_.inputs[2]).shape);
    window(LayerKind::kTransposeConv, w[1], w[2], {});
    layer_.macs = layer_.in.elements() * w[0] * w[1] * w[2];
    layer_.parameter_bytes = packed_conv_bytes(w[1], w[2], w[3], w[0], beside_weights(3));
  }

  const Graph& graph_;
  const Node& node_;
  bool int8_;
  Layer& layer_;
};

}  // namespace

Extent extent_of(const Shape& shape) {
  Extent extent;
  const int rank = shape.rank();
  if (rank >= 1) extent.z = std::max<std::int64_t>(1, shape[rank - 1]);
  if (rank >= 2) extent.x = std::max<std::int64_t>(1, shape[rank - 2]);
  if (rank >= 3) extent.y = std::max<std::int64_t>(1, shape[rank - 3]);
  if (rank == 2) extent.x = 1;  // [batch, channels]
  return extent;
}

std::vector<Layer> layers_of(const Graph& graph, bool int8) {
  std::vector<Layer> layers(graph.nodes.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Node& node = graph.nodes[i];
    Layer& layer = layers[i];
    layer.node = static_cast<int>(i);
    bool first = true;
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor || graph.tensor(id).constant) continue;
      const Shape& shape = graph.tensor(id).shape;
      layer.in_bytes += shape.elements();
      layer.joins = !first;
      if (first) layer.in = extent_of(shape);
      first = false;
    }
    for (const TensorId id : node.outputs) layer.out_bytes += graph.tensor(id).shape.elements();
    if (!node.outputs.empty()) layer.out = extent_of(graph.tensor(node.outputs[0]).shape);
    std::visit(Filler(graph, node, int8, layer), node.op);
  }
  return layers;
}

}  // namespace Atoll::edgetpu
