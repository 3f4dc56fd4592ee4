// Pooling over windows, and means over whole axes.
#include <algorithm>

#include "format/onnx/export_ops.h"

namespace Atoll::format {

void export_op(Exporter& to, const Node& node, const AveragePool2D& op) {
  const Held x = to.map(node);
  OnnxAttributes attributes = window_attributes(x.meant, op.filter, op.stride, {}, op.padding);
  if (op.count_padding) attributes.integer("count_include_pad", 1);
  to.make(node, "AveragePool", {x.name}, x, attributes);
}

void export_op(Exporter& to, const Node& node, const MaxPool2D& op) {
  const Held x = to.map(node);
  to.make(node, "MaxPool", {x.name}, x, window_attributes(x.meant, op.filter, op.stride, {}, op.padding));
}

void export_op(Exporter& to, const Node& node, const Mean& op) {
  Held x = to.real(node);
  const int rank = x.meant.rank();
  std::vector<int> axes;  // of ours, from the front
  for (const int axis : op.axes) axes.push_back(axis < 0 ? axis + rank : axis);
  std::sort(axes.begin(), axes.end());
  if (rank == 4 && axes == std::vector{1, 2}) {
    x = to.map(node);
    if (op.keep_dims) return to.make(node, "GlobalAveragePool", {x.name}, x);
    const std::string pooled = to.step(node, "pooled", "GlobalAveragePool", {x.name});
    return to.make(node, "Flatten", {pooled}, {"", {}, plain_order(2), {}});
  }
  if (x.flat) x = to.plain(node.name, x);
  std::vector<std::int64_t> held;
  for (const int axis : axes) held.push_back(held_axis(x.order, axis));
  std::sort(held.begin(), held.end());
  Order left;
  for (const int axis : x.order)
    if (!std::binary_search(axes.begin(), axes.end(), axis))
      left.push_back(axis - static_cast<int>(std::lower_bound(axes.begin(), axes.end(), axis) - axes.begin()));
  if (!op.keep_dims) x.order = left;
  to.make(node, "ReduceMean", {x.name}, x,
          OnnxAttributes().integers("axes", held).integer("keepdims", op.keep_dims ? 1 : 0));
}

}  // namespace Atoll::format
