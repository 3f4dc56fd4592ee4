// The shapes that ONNX's reshaping ops ask for.
#include <algorithm>
#include <set>

#include "format/limits.h"
#include "format/onnx/fold_constants.h"

namespace Atoll::format {

int axis_of(const OnnxNode& node, std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) node.reject(fmt::format("axis {} does not exist in {} dimensions", axis, rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

OnnxTensor shape_constant(const OnnxNode& node, const Shape& shape) {
  const std::int64_t rank = shape.rank();
  const auto bounded = [&](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const std::int64_t start = bounded(node.integer("start", 0)), end = bounded(node.integer("end", rank));
  std::vector<std::int64_t> dims;
  for (std::int64_t i = start; i < end; ++i) dims.push_back(shape[static_cast<int>(i)]);
  return OnnxTensor::of(node.outputs[0], {static_cast<std::int64_t>(dims.size())}, dims);
}

Shape reshaped(const OnnxNode& node, const Shape& x, const std::vector<std::int64_t>& wanted) {
  if (wanted.size() > Shape::kMaxRank) node.reject(fmt::format("it asks for {} dimensions", wanted.size()));
  const bool keeps_zero = node.integer("allowzero", 0) != 0;
  Shape out;
  std::int64_t known = 1;
  int open = -1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool copied = wanted[i] == 0 && !keeps_zero;
    if (copied && static_cast<int>(i) >= x.rank()) node.reject("its shape copies a dimension that its input has not");
    const std::int64_t dim = copied ? x[static_cast<int>(i)] : wanted[i];
    if (dim < -1 || dim > kMaxElements) node.reject(fmt::format("a dimension of {} is out of range", dim));
    if (dim == -1 && open >= 0) node.reject("its shape leaves two dimensions open");
    if (dim == -1) open = static_cast<int>(i);
    out.push_back(dim == -1 ? 1 : dim);
    if (__builtin_mul_overflow(known, out.back(), &known)) node.reject("its shape is out of range");
  }
  if (open >= 0 && known > 0) out[open] = x.elements() / known;
  if (out.elements() != x.elements())
    node.reject(fmt::format("{} cannot be reshaped to [{}]", x.str(), fmt::join(wanted, ", ")));
  return out;
}

Shape squeezed(const OnnxNode& node, const Shape& x, const std::optional<std::vector<std::int64_t>>& axes) {
  std::set<int> gone;
  for (const std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    gone.insert(axis_of(node, axis, x.rank()));
    if (x[axis_of(node, axis, x.rank())] != 1)
      node.reject(fmt::format("axis {} of {} is longer than 1", axis, x.str()));
  }
  Shape out;
  for (int i = 0; i < x.rank(); ++i)
    if (axes ? !gone.contains(i) : x[i] != 1) out.push_back(x[i]);
  return out;
}

Shape unsqueezed(const OnnxNode& node, const Shape& x, const std::vector<std::int64_t>& axes) {
  const auto rank = static_cast<int>(std::min<std::size_t>(axes.size(), Shape::kMaxRank + 1)) + x.rank();
  if (rank > Shape::kMaxRank) node.reject(fmt::format("it asks for {} dimensions", rank));
  std::set<int> added;
  for (const std::int64_t axis : axes)
    if (!added.insert(axis_of(node, axis, rank)).second) node.reject(fmt::format("it adds axis {} twice", axis));
  Shape out;
  for (int i = 0, from = 0; i < rank; ++i) out.push_back(added.contains(i) ? 1 : x[from++]);
  return out;
}

}  // namespace Atoll::format
