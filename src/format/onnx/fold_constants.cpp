#include "format/onnx/fold_constants.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "atoll/error.h"
#include "format/limits.h"
#include "format/onnx/fold_arithmetic.h"
#include "format/onnx/layout.h"
#include "format/onnx/quantization.h"

namespace Atoll::format {
namespace {

// One node at work: its inputs, and the constant that it makes.
struct Folding {
  const OnnxNode& node;
  const std::vector<const OnnxTensor*>& inputs;
  std::int64_t opset;
  Budget& budget;

  const OnnxTensor& in(std::size_t i) const {
    if (i >= inputs.size() || inputs[i] == nullptr) node.reject(fmt::format("input {} is missing", i));
    return *inputs[i];
  }
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  std::optional<std::vector<std::int64_t>> list(const char* attribute, std::size_t i) const {
    if (node.has(attribute)) return node.integers(attribute);
    if (!has(i)) return std::nullopt;
    return in(i).integers();
  }
  std::vector<std::byte> bytes(const Shape& shape, DType type) const {
    check_shape(shape, node.outputs[0]);
    budget.charge(static_cast<std::uint64_t>(shape.elements()) * size_of(type) + sizeof(OnnxTensor));
    return std::vector<std::byte>(static_cast<std::size_t>(shape.elements()) * size_of(type));
  }
};

// The values as plain numbers of their type, so that an axis can be cut.
OnnxTensor unscaled(const Folding& f, const OnnxTensor& x) {
  if (x.quantization.empty()) return x;
  f.budget.charge(static_cast<std::uint64_t>(x.shape.elements()) * sizeof(float));
  return OnnxTensor::of(x.name, x.shape, x.floats());
}

OnnxTensor with_shape(const Folding& f, const Shape& shape) {
  OnnxTensor x = f.in(0).quantization.per_channel() ? unscaled(f, f.in(0)) : f.in(0);
  x.shape = shape;
  return x;
}

OnnxTensor constant(const Folding& f) {
  if (const OnnxTensor* value = f.node.tensor("value")) return *value;
  if (f.node.has("value_float")) return OnnxTensor::of("", {}, std::vector<float>{f.node.real("value_float", 0)});
  if (f.node.has("value_int")) return OnnxTensor::of("", {}, std::vector<std::int64_t>{f.node.integer("value_int", 0)});
  if (f.node.has("value_ints")) {
    const std::vector<std::int64_t> values = f.node.integers("value_ints");
    return OnnxTensor::of("", {static_cast<std::int64_t>(values.size())}, values);
  }
  f.node.reject("only constants of numbers are supported");
}

OnnxTensor identity(const Folding& f) { return f.in(0); }
OnnxTensor shape(const Folding& f) { return shape_constant(f.node, f.in(0).shape); }
OnnxTensor reshape(const Folding& f) {
  const std::vector<std::int64_t> wanted = f.list("shape", 1).value_or(std::vector<std::int64_t>{});
  return with_shape(f, reshaped(f.node, f.in(0).shape, wanted));
}
OnnxTensor squeeze(const Folding& f) { return with_shape(f, squeezed(f.node, f.in(0).shape, f.list("axes", 1))); }
OnnxTensor unsqueeze(const Folding& f) {
  const std::vector<std::int64_t> axes = f.list("axes", 1).value_or(std::vector<std::int64_t>{});
  return with_shape(f, unsqueezed(f.node, f.in(0).shape, axes));
}

OnnxTensor transpose(const Folding& f) {
  OnnxTensor x = f.in(0);
  Order order;
  for (const std::int64_t axis : f.node.integers("perm")) order.push_back(axis_of(f.node, axis, x.shape.rank()));
  if (order.empty()) {
    order = plain_order(x.shape.rank());
    std::reverse(order.begin(), order.end());
  }
  Order sorted = order;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != plain_order(x.shape.rank())) f.node.reject("its permutation does not fit " + x.shape.str());
  f.budget.charge(x.data.size());
  x.data = permuted(x.data, size_of(x.dtype), x.shape, order);
  x.shape = held_shape(x.shape, order);
  if (x.quantization.per_channel()) x.quantization.axis = held_axis(order, x.quantization.axis);
  return x;
}

OnnxTensor cast(const Folding& f) {
  OnnxTensor x = unscaled(f, f.in(0));
  const DType to = dtype_of(static_cast<OnnxType>(f.node.integer("to", 0)), f.node.outputs[0]);
  if (to == x.dtype) return x;
  if (x.dtype == DType::kFloat16 && to == DType::kFloat32) {
    x.widened = true;
    return x;
  }
  f.budget.charge(static_cast<std::uint64_t>(x.shape.elements()) * sizeof(std::int64_t));
  const bool from_real = x.is_real(), to_real = to == DType::kFloat32 || to == DType::kFloat16;
  if (to_real) {  // float16 is computed with as float32
    if (from_real) return OnnxTensor::of("", x.shape, x.floats());
    const std::vector<std::int64_t> values = x.integers();
    return OnnxTensor::of("", x.shape, std::vector<float>(values.begin(), values.end()));
  }
  if (to != DType::kInt64 && to != DType::kInt32) f.node.reject("a constant is cast to a type that is not supported");
  if (!from_real) return OnnxTensor::of("", x.shape, x.integers());
  std::vector<std::int64_t> values;
  for (const float value : x.floats()) {
    if (!(std::abs(value) < 9e18f)) f.node.reject(fmt::format("{} is cast to an integer", value));
    values.push_back(static_cast<std::int64_t>(value));
  }
  return OnnxTensor::of("", x.shape, values);
}

// Copies along one axis: `index[i]` of the input becomes i of the output.
OnnxTensor picked(const Folding& f, const OnnxTensor& from, int axis, const std::vector<std::int64_t>& index) {
  const OnnxTensor x = unscaled(f, from);
  OnnxTensor y{.shape = x.shape, .dtype = x.dtype};
  y.shape[axis] = static_cast<std::int64_t>(index.size());
  std::vector<std::byte> bytes = f.bytes(y.shape, y.dtype);
  std::size_t inner = size_of(x.dtype), outer = 1;
  for (int i = axis + 1; i < x.shape.rank(); ++i) inner *= static_cast<std::size_t>(x.shape[i]);
  for (int i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(x.shape[i]);
  std::byte* to = bytes.data();
  for (std::size_t o = 0; o < outer && inner > 0; ++o)
    for (const std::int64_t i : index) {
      const std::size_t at = o * static_cast<std::size_t>(x.shape[axis]) + static_cast<std::size_t>(i);
      std::memcpy(to, x.data.bytes().data() + at * inner, inner);
      to += inner;
    }
  y.data = Data(std::move(bytes));
  return y;
}

OnnxTensor gather(const Folding& f) {
  const OnnxTensor& x = f.in(0);
  const int axis = axis_of(f.node, f.node.integer("axis", 0), x.shape.rank());
  std::vector<std::int64_t> index = f.in(1).integers();
  for (std::int64_t& i : index) {
    if (i < -x.shape[axis] || i >= x.shape[axis]) f.node.reject(fmt::format("index {} is out of range", i));
    if (i < 0) i += x.shape[axis];
  }
  OnnxTensor y = picked(f, x, axis, index);
  Shape shape;
  for (int i = 0; i < axis; ++i) shape.push_back(x.shape[i]);
  for (const std::int64_t dim : f.in(1).shape) shape.push_back(dim);
  for (int i = axis + 1; i < x.shape.rank(); ++i) shape.push_back(x.shape[i]);
  y.shape = shape;
  return y;
}

OnnxTensor slice(const Folding& f) {
  const auto starts = f.list("starts", 1), ends = f.list("ends", 2), steps = f.list("steps", 4);
  if (!starts || !ends || starts->size() != ends->size()) f.node.reject("its starts and ends do not fit");
  std::vector<std::int64_t> axes = f.list("axes", 3).value_or(std::vector<std::int64_t>{});
  if (axes.empty())
    for (std::size_t i = 0; i < starts->size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (axes.size() != starts->size() || (steps && steps->size() != starts->size())) f.node.reject("its axes do not fit");
  OnnxTensor x = f.in(0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = axis_of(f.node, axes[i], x.shape.rank());
    const std::int64_t size = x.shape[axis], step = steps ? (*steps)[i] : 1;
    f.budget.charge(static_cast<std::uint64_t>(size) * sizeof(std::int64_t));
    if (step == 0 || std::abs(step) > kMaxElements) f.node.reject(fmt::format("a step of {} is out of range", step));
    const auto bounded = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 && at >= -size ? at + size : at, -1, size);
    };
    const std::int64_t start = std::clamp<std::int64_t>(bounded((*starts)[i]), 0, step > 0 ? size : size - 1);
    const std::int64_t end = step > 0 ? std::max<std::int64_t>(0, bounded((*ends)[i])) : bounded((*ends)[i]);
    std::vector<std::int64_t> index;
    for (std::int64_t at = start; step > 0 ? at < end : at > end; at += step) index.push_back(at);
    x = picked(f, x, axis, index);
  }
  return x;
}

OnnxTensor concat(const Folding& f) {
  const OnnxTensor& first = f.in(0);
  const int axis = axis_of(f.node, f.node.integer("axis", 0), first.shape.rank());
  OnnxTensor y{.shape = first.shape, .dtype = first.dtype};
  std::size_t outer = 1;
  for (int i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(first.shape[i]);
  if (outer == 0) f.node.reject("its inputs are empty");
  y.shape[axis] = 0;
  std::vector<OnnxTensor> parts;
  for (std::size_t i = 0; i < f.inputs.size(); ++i) {
    parts.push_back(unscaled(f, f.in(i)));
    Shape expected = first.shape;
    if (parts[i].shape.rank() == expected.rank()) expected[axis] = parts[i].shape[axis];
    if (!(expected == parts[i].shape) || parts[i].dtype != y.dtype) f.node.reject("its inputs do not fit together");
    y.shape[axis] += parts[i].shape[axis];
  }
  std::vector<std::byte> bytes = f.bytes(y.shape, y.dtype);
  std::byte* to = bytes.data();
  for (std::size_t o = 0; o < outer; ++o)
    for (const OnnxTensor& part : parts) {
      const std::size_t run = part.data.size() / outer;
      if (run > 0) std::memcpy(to, part.data.bytes().data() + o * run, run);
      to += run;
    }
  y.data = Data(std::move(bytes));
  return y;
}

OnnxTensor constant_of_shape(const Folding& f) {
  const std::vector<std::int64_t> dims = f.in(0).integers();
  if (dims.size() > Shape::kMaxRank) f.node.reject(fmt::format("it asks for {} dimensions", dims.size()));
  OnnxTensor y{.shape = Shape(dims)};
  const OnnxTensor* value = f.node.tensor("value");
  if (value && value->shape.elements() != 1) f.node.reject("its value should be one number");
  if (value) y.dtype = value->dtype;
  std::vector<std::byte> bytes = f.bytes(y.shape, y.dtype);
  for (std::size_t at = 0; value && at < bytes.size(); at += size_of(y.dtype))
    std::memcpy(bytes.data() + at, value->data.bytes().data(), size_of(y.dtype));
  y.data = Data(std::move(bytes));
  return y;
}

OnnxTensor arithmetic(const Folding& f) { return fold_arithmetic(f.node, f.in(0), f.in(1), f.budget); }
OnnxTensor dequantize(const Folding& f) { return dequantized(f.node, f.in(0), f.in(1), f.has(2) ? &f.in(2) : nullptr); }
OnnxTensor quantize(const Folding& f) {
  f.budget.charge(f.in(0).data.size());
  return quantized(f.node, f.in(0), f.in(1), f.has(2) ? &f.in(2) : nullptr);
}

using Fold = OnnxTensor (*)(const Folding&);
const std::map<std::string, Fold>& table() {
  static const std::map<std::string, Fold> folds = {
      {"Add", arithmetic},
      {"Cast", cast},
      {"Concat", concat},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"DequantizeLinear", dequantize},
      {"Div", arithmetic},
      {"Gather", gather},
      {"Identity", identity},
      {"Mul", arithmetic},
      {"QuantizeLinear", quantize},
      {"Reshape", reshape},
      {"Shape", shape},
      {"Slice", slice},
      {"Squeeze", squeeze},
      {"Sub", arithmetic},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
  };
  return folds;
}

}  // namespace

bool folds(const OnnxNode& node) { return table().contains(node.type); }

OnnxTensor fold(const OnnxNode& node, const std::vector<const OnnxTensor*>& inputs, std::int64_t opset,
                Budget& budget) {
  budget.charge(sizeof(OnnxTensor));
  OnnxTensor result = table().at(node.type)({node, inputs, opset, budget});
  check_shape(result.shape, node.outputs[0]);
  const bool same_values = node.type == "Identity" || node.type == "Cast" || node.type == "DequantizeLinear";
  if (result.name.empty() || !same_values) result.name = node.outputs[0];
  return result;
}

}  // namespace Atoll::format
