// Ops that change how values are called, not what they are.
#include <algorithm>

#include "format/onnx/fold_constants.h"
#include "format/onnx/import_ops.h"

namespace Atoll::format {
namespace {

// A global mean whose axes of length 1 are dropped at once does not keep them in the first place.
bool drops_mean_axes(Importer& to, const OnnxNode& node, const Value& v, const Shape& wanted) {
  Node* before = to.sole_producer(v);
  Mean* mean = before ? std::get_if<Mean>(&before->op) : nullptr;
  if (mean == nullptr || !mean->keep_dims || v.flat || v.order != map_order() || mean->axes != std::vector{1, 2})
    return false;
  const Shape& x = to.held(v);
  if (!(wanted == Shape{x.n(), x.c()})) return false;
  mean->keep_dims = false;
  to.tensor(v.id).shape = wanted;
  to.set(node, {v.id, plain_order(2), {}});
  return true;
}

void reshape_to(Importer& to, const OnnxNode& node, const Shape& wanted) {
  const Value v = to.input(node);
  if (drops_mean_axes(to, node, v, wanted)) return;
  to.set(node, to.reshaped(node.outputs[0], v, wanted));
}

}  // namespace

void import_identity(Importer& to, const OnnxNode& node) {
  if (node.type == "Dropout" && node.has_input(2)) {
    const OnnxTensor& training = to.needed(node, 2);
    if (training.shape.elements() != 1 || training.integers()[0] != 0) node.reject("it is in training mode");
  }
  to.set(node, Value(to.input(node)));
}

void import_flatten(Importer& to, const OnnxNode& node) {
  const Shape shape = to.meant(to.input(node));
  const std::int64_t axis = node.integer("axis", 1);
  const bool whole = axis == shape.rank();
  const int split = whole ? shape.rank() : axis_of(node, axis, shape.rank());
  Shape wanted{1, 1};
  for (int i = 0; i < shape.rank(); ++i) wanted[i < split ? 0 : 1] *= shape[i];
  reshape_to(to, node, wanted);
}

void import_reshape(Importer& to, const OnnxNode& node) {
  const std::vector<std::int64_t> wanted =
      to.attribute_or_input(node, "shape", 1).value_or(std::vector<std::int64_t>{});
  reshape_to(to, node, reshaped(node, to.meant(to.input(node)), wanted));
}

void import_squeeze(Importer& to, const OnnxNode& node) {
  reshape_to(to, node, squeezed(node, to.meant(to.input(node)), to.attribute_or_input(node, "axes", 1)));
}

void import_unsqueeze(Importer& to, const OnnxNode& node) {
  const auto axes = to.attribute_or_input(node, "axes", 1);
  if (!axes) node.reject("its axes are missing");
  reshape_to(to, node, unsqueezed(node, to.meant(to.input(node)), *axes));
}

// Only the bookkeeping changes: the axis that was perm[i] is now called i.
void import_transpose(Importer& to, const OnnxNode& node) {
  Value v = to.input(node);
  const int rank = to.held(v).rank();
  Order permutation;
  for (const std::int64_t axis : node.integers("perm")) permutation.push_back(axis_of(node, axis, rank));
  if (!node.has("perm")) {
    permutation = plain_order(rank);
    std::reverse(permutation.begin(), permutation.end());
  }
  Order sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != plain_order(rank)) node.reject("its permutation does not fit " + to.meant(v).str());
  if (v.flat && permutation != plain_order(rank)) v = to.plain(node.outputs[0] + "/plain", v);
  const Order now = inverse(permutation);
  for (int& axis : v.order) axis = now[static_cast<std::size_t>(axis)];
  to.set(node, std::move(v));
}

}  // namespace Atoll::format
