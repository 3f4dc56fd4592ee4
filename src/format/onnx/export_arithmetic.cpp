// Add, Sub and Mul, broadcast.
#include <algorithm>

#include "format/onnx/export_ops.h"

namespace Atoll::format {
namespace {

Shape with_leading_ones(const Shape& shape, int rank) {
  Shape result;
  for (int i = shape.rank(); i < rank; ++i) result.push_back(1);
  for (const std::int64_t dim : shape) result.push_back(dim);
  return result;
}

// Input i as the file's operand beside values that are held in `order`.
std::string operand(Exporter& to, const Node& node, std::size_t i, const Order& order) {
  const Tensor& tensor = to.tensor(node.inputs[i]);
  const Shape meant = with_leading_ones(tensor.shape, static_cast<int>(order.size()));
  if (to.is_constant(node, i)) {
    const Shape held = held_shape(meant, order);
    Shape shorter;  // without what broadcasting adds anyway
    for (const std::int64_t dim : held)
      if (shorter.rank() > 0 || dim != 1) shorter.push_back(dim);
    return to.constant(node, i, meant, order, shorter);
  }
  Held x = to.real(node, i);
  if (!(meant == tensor.shape)) x = to.reshaped(tensor.name + "_raised", x, meant);
  return to.arranged(tensor.name + "_moved", x, order).name;
}

void binary(Exporter& to, const Node& node, std::string_view type) {
  const Shape& shape = to.tensor(node.outputs[0]).shape;
  // The output is held as the operand of its own shape is.
  Held like{"", shape, shape.rank() == 4 ? inverse(map_order()) : plain_order(shape.rank()), {}};
  for (std::size_t i = 2; i-- > 0;)
    if (!to.is_constant(node, i) && to.tensor(node.inputs[i]).shape == shape) like = to.real(node, i);
  if (like.flat) like = to.plain(node.name, like);
  to.make(node, type, {operand(to, node, 0, like.order), operand(to, node, 1, like.order)}, like);
}

}  // namespace

void export_op(Exporter& to, const Node& node, const Add&) { binary(to, node, "Add"); }
void export_op(Exporter& to, const Node& node, const Sub&) { binary(to, node, "Sub"); }
void export_op(Exporter& to, const Node& node, const Mul&) { binary(to, node, "Mul"); }

}  // namespace Atoll::format
