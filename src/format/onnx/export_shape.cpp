// Ops with axes: joined, padded, reshaped, transposed.
#include "format/onnx/export_ops.h"

namespace Atoll::format {

void export_op(Exporter& to, const Node& node, const Concatenation& op) {
  const int rank = to.tensor(node.outputs[0]).shape.rank();
  std::optional<Held> like;
  for (std::size_t i = 0; i < node.inputs.size() && !like; ++i)
    if (!to.is_constant(node, i)) like = to.real(node, i);
  if (!like) like = Held{"", {}, plain_order(rank), {}};
  if (like->flat) like->order = plain_order(rank), like->flat.reset();
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor& tensor = to.tensor(node.inputs[i]);
    inputs.push_back(to.is_constant(node, i) ? to.constant(node, i, tensor.shape, like->order)
                                             : to.arranged(tensor.name + "_moved", to.real(node, i), like->order).name);
  }
  const int axis = op.axis < 0 ? op.axis + rank : op.axis;
  to.make(node, "Concat", std::move(inputs), *like, OnnxAttributes().integer("axis", held_axis(like->order, axis)));
}

void export_op(Exporter& to, const Node& node, const Pad& op) {
  Held x = to.real(node);
  if (x.flat) x = to.plain(node.name, x);
  std::vector<std::int64_t> pads;
  for (const auto* counts : {&op.before, &op.after})
    for (const int axis : x.order) pads.push_back((*counts)[static_cast<std::size_t>(axis)]);
  const std::string counts = to.integers(node.name + "_pads", pads), value = to.number(node.name + "_value", op.value);
  to.make(node, "Pad", {x.name, counts, value}, x);
}

void export_op(Exporter& to, const Node& node, const Reshape& op) {
  to.same(node, to.reshaped(to.tensor(node.outputs[0]).name + "_reshaped", to.real(node), op.shape));
}

void export_op(Exporter& to, const Node& node, const Transpose& op) {
  Held x = to.real(node);
  if (x.flat) x = to.plain(node.name, x);
  const Order now = inverse(op.permutation);
  for (int& axis : x.order) axis = now[static_cast<std::size_t>(axis)];
  to.same(node, x);
}

}  // namespace Atoll::format
