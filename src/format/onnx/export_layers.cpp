// Convolutions and fully connected layers.
#include "format/onnx/export_ops.h"

namespace Atoll::format {
namespace {

template <typename Conv>
void convolution(Exporter& to, const Node& node, const Conv& op, std::int64_t groups, const Order& weights_order) {
  const Held x = to.map(node);
  const Shape& w = to.tensor(node.inputs[1]).shape;
  const Size2D filter{static_cast<int>(w[1]), static_cast<int>(w[2])};
  std::vector<std::string> inputs = {x.name, to.constant(node, 1, w, weights_order)};
  if (to.has_input(node, 2)) inputs.push_back(to.constant(node, 2, to.tensor(node.inputs[2]).shape, {0}));
  OnnxAttributes attributes = window_attributes(x.meant, filter, op.stride, op.dilation, op.padding);
  if (groups != 1) attributes.integer("group", groups);
  to.make(node, "Conv", std::move(inputs), x, attributes);
}

}  // namespace

OnnxAttributes window_attributes(const Shape& x, Size2D filter, Size2D stride, Size2D dilation,
                                 const Padding& padding) {
  const PadAmount pad =
      pad_amount(padding, {static_cast<int>(x.h()), static_cast<int>(x.w())}, filter, stride, dilation);
  OnnxAttributes attributes;
  attributes.integers("kernel_shape", std::vector<std::int64_t>{filter.h, filter.w})
      .integers("strides", std::vector<std::int64_t>{stride.h, stride.w})
      .integers("pads", std::vector<std::int64_t>{pad.top, pad.left, pad.bottom, pad.right});
  if (!(dilation == Size2D{})) attributes.integers("dilations", std::vector<std::int64_t>{dilation.h, dilation.w});
  return attributes;
}

void export_op(Exporter& to, const Node& node, const Conv2D& op) { convolution(to, node, op, op.groups, {0, 3, 1, 2}); }

void export_op(Exporter& to, const Node& node, const DepthwiseConv2D& op) {
  convolution(to, node, op, to.tensor(node.inputs[0]).shape.c(), {3, 0, 1, 2});
}

void export_op(Exporter& to, const Node& node, const FullyConnected& op) {
  const Shape& w = to.tensor(node.inputs[1]).shape;
  Held x = to.real(node);
  const bool has_bias = to.has_input(node, 2);
  const auto bias = [&] { return to.constant(node, 2, {w[0]}, {0}); };
  if (op.keep_dims && x.meant.rank() != 2) {  // ONNX's Gemm works on matrices only
    x = to.plain(node.name, x);
    std::string product = to.constant(node, 1, w, {1, 0});
    if (!has_bias) return to.make(node, "MatMul", {x.name, product}, x);
    product = to.step(node, "product", "MatMul", {x.name, product});
    return to.make(node, "Add", {product, bias()}, x);
  }
  const Shape rows{x.meant.elements() / w[1], w[1]};
  if (!(x.meant == rows)) x = to.reshaped(to.tensor(node.outputs[0]).name + "_flat", x, rows);
  if (!x.flat) x = to.plain(node.name, x);
  std::string weights;
  if (x.flat) {  // the file flattens the map in its own order
    Shape unfolded{w[0]};
    Order order{0};
    for (const std::int64_t dim : x.flat->meant) unfolded.push_back(dim);
    for (const int axis : x.flat->order) order.push_back(axis + 1);
    weights = to.constant(node, 1, unfolded, order, w);
    x.flat.reset();
  } else {
    weights = to.constant(node, 1, w, {0, 1});
  }
  std::vector<std::string> inputs = {x.name, weights};
  if (has_bias) inputs.push_back(bias());
  to.make(node, "Gemm", std::move(inputs), x, OnnxAttributes().integer("transB", 1));
}

}  // namespace Atoll::format
