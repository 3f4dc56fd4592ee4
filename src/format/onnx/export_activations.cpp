// Functions of one value, Softmax, and the way between real numbers and integers.
#include "format/onnx/export_ops.h"

namespace Atoll::format {
namespace {

void by_value(Exporter& to, const Node& node, std::string_view type, const OnnxAttributes& attributes = {}) {
  const Held x = to.real(node);
  to.make(node, type, {x.name}, x, attributes);
}

}  // namespace

void export_op(Exporter& to, const Node& node, const Softmax& op) {
  Held x = to.real(node);
  if (x.flat) x = to.plain(node.name, x);
  const int axis = held_axis(x.order, x.meant.rank() - 1);
  std::string scaled = x.name;
  if (op.beta != 1) scaled = to.step(node, "scaled", "Mul", {scaled, to.number(node.name + "_beta", op.beta)});
  to.make(node, "Softmax", {scaled}, x, OnnxAttributes().integer("axis", axis));
}

void export_op(Exporter& to, const Node& node, const Relu&) { by_value(to, node, "Relu"); }
void export_op(Exporter& to, const Node& node, const Relu6&) {
  const Held x = to.real(node);
  const std::string low = to.number(node.name + "_min", 0), high = to.number(node.name + "_max", 6);
  to.make(node, "Clip", {x.name, low, high}, x);
}
void export_op(Exporter& to, const Node& node, const HardSwish&) { by_value(to, node, "HardSwish"); }
void export_op(Exporter& to, const Node& node, const Sigmoid&) { by_value(to, node, "Sigmoid"); }
void export_op(Exporter& to, const Node& node, const Tanh&) { by_value(to, node, "Tanh"); }
void export_op(Exporter& to, const Node& node, const HardSigmoid&) {
  by_value(to, node, "HardSigmoid", OnnxAttributes().real("alpha", 1.0f / 6).real("beta", 0.5f));
}
void export_op(Exporter& to, const Node& node, const Swish&) {
  const Held x = to.real(node);
  to.make(node, "Mul", {x.name, to.step(node, "sigmoid", "Sigmoid", {x.name})}, x);
}

// What is quantized, and into what, say the tensors.
void export_op(Exporter& to, const Node& node, const Quantize&) { to.same(node, to.real(node)); }
void export_op(Exporter& to, const Node& node, const Dequantize&) {
  if (!to.is_constant(node, 0)) to.same(node, to.real(node));  // constants are dequantized where they are read
}

}  // namespace Atoll::format
