// Concat, Pad and ReduceMean: ops with axes that must be found in what is held.
#include <algorithm>
#include <set>

#include "format/limits.h"
#include "format/onnx/fold_constants.h"
#include "format/onnx/import_ops.h"

namespace Atoll::format {

void import_concat(Importer& to, const OnnxNode& node) {
  std::vector<std::optional<Value>> parts;  // nothing: a constant
  Order order;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    parts.emplace_back();
    if (to.constant_input(node, i)) continue;
    Value v = to.input(node, i);
    if (v.flat) v = to.plain(fmt::format("{}/{}/plain", node.outputs[0], i), v);
    if (order.empty() || v.order == map_order()) order = v.order;
    parts.back() = v;
  }
  const int axis = axis_of(node, node.integer("axis", 1), static_cast<int>(order.size()));
  std::vector<TensorId> inputs;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int rank = parts[i] ? to.held(*parts[i]).rank() : to.needed(node, i).shape.rank();
    if (rank != static_cast<int>(order.size())) node.reject("its inputs have different numbers of dimensions");
    inputs.push_back(parts[i] ? to.arranged(fmt::format("{}/{}", node.outputs[0], i), *parts[i], order).id
                              : to.add_constant(to.needed(node, i), order));
  }
  const int held = held_axis(order, axis);
  to.set(node, Concatenation{.axis = held}, std::move(inputs), order);
}

void import_pad(Importer& to, const OnnxNode& node) {
  if (const std::string mode = node.text("mode", "constant"); mode != "constant")
    node.reject("its mode is '" + mode + "', but only constant is supported");
  Value v = to.real_input(node);
  if (v.flat) v = to.plain(node.outputs[0] + "/plain", v);
  const auto rank = to.held(v).rank();
  const std::vector<std::int64_t> pads = to.attribute_or_input(node, "pads", 1).value_or(std::vector<std::int64_t>{});
  std::vector<std::int64_t> axes;
  if (node.has_input(3)) axes = to.needed(node, 3).integers();
  if (axes.empty())
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  if (pads.size() != axes.size() * 2)
    node.reject(fmt::format("it has {} counts for {} axes", pads.size(), axes.size()));
  Pad op{.before = std::vector<std::int64_t>(static_cast<std::size_t>(rank), 0), .value = node.real("value", 0)};
  op.after = op.before;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto at = static_cast<std::size_t>(held_axis(v.order, axis_of(node, axes[i], rank)));
    op.before[at] = pads[i];
    op.after[at] = pads[axes.size() + i];
    for (const std::int64_t count : {op.before[at], op.after[at]})
      if (count < 0 || count > kMaxSpatial) node.reject(fmt::format("a padding of {} is out of range", count));
  }
  if (node.has_input(2)) {
    const OnnxTensor& value = to.needed(node, 2);
    if (value.shape.elements() != 1) node.reject("its value should be one number");
    op.value = value.floats()[0];
  }
  to.set(node, std::move(op), {v.id}, v.order);
}

void import_reduce_mean(Importer& to, const OnnxNode& node) {
  Value v = to.real_input(node);
  if (v.flat) v = to.plain(node.outputs[0] + "/plain", v);
  const int rank = to.held(v).rank();
  const auto given = to.attribute_or_input(node, "axes", 1);
  if (node.integer("noop_with_empty_axes", 0) != 0 && (!given || given->empty())) return to.set(node, v);
  std::set<int> axes;
  for (const std::int64_t axis : given.value_or(std::vector<std::int64_t>{})) axes.insert(axis_of(node, axis, rank));
  if (axes.empty())
    for (int i = 0; i < rank; ++i) axes.insert(i);
  const bool keep = node.integer("keepdims", 1) != 0;
  Mean op{.axes = {}, .keep_dims = keep};
  Order left;
  for (int i = 0; i < rank; ++i) {
    const int axis = v.order[static_cast<std::size_t>(i)];
    if (axes.contains(axis)) op.axes.push_back(i);
    if (!axes.contains(axis))
      left.push_back(axis - static_cast<int>(std::distance(axes.begin(), axes.lower_bound(axis))));
  }
  to.set(node, std::move(op), {v.id}, keep ? v.order : left);
}

}  // namespace Atoll::format
