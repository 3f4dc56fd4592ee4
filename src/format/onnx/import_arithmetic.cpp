// Add, Sub, Mul and Div, of two values or of a value and a constant.
#include <algorithm>

#include "format/onnx/import_ops.h"

namespace Atoll::format {
namespace {

Op op_of(const OnnxNode& node) {
  if (node.type == "Add" || node.type == "Sum") return Add{};
  if (node.type == "Sub") return Sub{};
  return Mul{};  // Div multiplies by the reciprocal
}

Shape with_leading_ones(const Shape& shape, int rank) {
  Shape result;
  for (int i = shape.rank(); i < rank; ++i) result.push_back(1);
  for (const std::int64_t dim : shape) result.push_back(dim);
  return result;
}

Shape without_leading_ones(const Shape& shape) {
  Shape result;
  for (const std::int64_t dim : shape)
    if (result.rank() > 0 || dim != 1) result.push_back(dim);
  return result.rank() == 0 ? Shape{1} : result;
}

// `v` with at least `rank` dimensions, as broadcasting adds them.
Value raised(Importer& to, const std::string& name, const Value& v, int rank) {
  if (to.held(v).rank() >= rank) return v;
  return to.reshaped(name, v, with_leading_ones(to.meant(v), rank));
}

OnnxTensor reciprocal(const OnnxTensor& tensor) {
  std::vector<float> values = tensor.floats();
  for (float& value : values) value = 1.0f / value;
  return OnnxTensor::of(tensor.name + "/reciprocal", tensor.shape, values);
}

// A constant operand, held as `v` is.
TensorId operand(Importer& to, const OnnxNode& node, const OnnxTensor& given, const Value& v) {
  OnnxTensor tensor = node.type == "Div" ? reciprocal(given) : given;
  if (tensor.shape.elements() == 1) {
    if (tensor.quantization.per_channel()) tensor.quantization = {};
    tensor.shape = {1};
    return to.add_constant(tensor, {0});
  }
  if (tensor.quantization.per_channel())
    tensor = OnnxTensor::of(tensor.name, tensor.shape, tensor.floats());  // arithmetic has one scale
  if (v.flat) {                                                           // unfolded as the map was
    tensor.shape = v.flat->meant;
    return to.add_constant(tensor, v.flat->order, Shape{tensor.shape.elements()});
  }
  tensor.shape = with_leading_ones(tensor.shape, to.held(v).rank());
  return to.add_constant(tensor, v.order, without_leading_ones(held_shape(tensor.shape, v.order)));
}

void with_constant(Importer& to, const OnnxNode& node, const OnnxTensor& constant, const Value& given, bool first) {
  if (!constant.is_real()) node.reject(fmt::format("the operand '{}' is of integers", constant.name));
  if (node.type == "Div" && first) node.reject("a constant that is divided by a value is not supported");
  if (node.type == "Add" && add_bias(to, node, constant, given)) return;
  Value v = raised(to, node.outputs[0] + "/raised", given, constant.shape.rank());
  const bool by_column = constant.shape.rank() > 0 && constant.shape.back() == constant.shape.elements();
  if (v.flat && !by_column && constant.shape.elements() > 1) v = to.plain(node.outputs[0] + "/plain", v);
  const TensorId other = operand(to, node, constant, v);
  const std::vector<TensorId> inputs = first ? std::vector{other, v.id} : std::vector{v.id, other};
  to.set(node, op_of(node), inputs, v.order).flat = v.flat;
}

// Two values held alike.
std::pair<Value, Value> alike(Importer& to, const std::string& name, Value a, Value b) {
  const int rank = std::max(to.held(a).rank(), to.held(b).rank());
  a = raised(to, name + "/a", a, rank);
  b = raised(to, name + "/b", b, rank);
  if (a.flat != b.flat) {
    a = to.plain(name + "/a/plain", a);
    b = to.plain(name + "/b/plain", b);
  }
  const bool b_leads =
      a.order != map_order() && (b.order == map_order() || to.held(b).elements() > to.held(a).elements());
  const Order order = b_leads ? b.order : a.order;
  if (a.order != order) a = to.arranged(name + "/a/moved", a, order);
  if (b.order != order) b = to.arranged(name + "/b/moved", b, order);
  return {a, b};
}

}  // namespace

bool add_bias(Importer& to, const OnnxNode& node, const OnnxTensor& values, const Value& v) {
  Node* layer = to.sole_producer(v);
  if (layer == nullptr || layer->inputs.size() != 2 || v.flat || !values.quantization.empty()) return false;
  const bool takes_bias = std::holds_alternative<Conv2D>(layer->op) ||
                          std::holds_alternative<DepthwiseConv2D>(layer->op) ||
                          std::holds_alternative<FullyConnected>(layer->op);
  const int rank = to.held(v).rank();
  if (!takes_bias || values.shape.rank() > rank) return false;
  const Shape shape = held_shape(with_leading_ones(values.shape, rank), v.order);
  if (shape.back() != to.held(v).back() || shape.elements() != shape.back()) return false;
  const TensorId bias = to.add_floats(values.name, {shape.back()}, values.floats());
  layer->inputs.push_back(bias);
  to.set(node, v);
  return true;
}

void import_binary(Importer& to, const OnnxNode& node) {
  if (const OnnxTensor* a = to.constant_input(node, 0))
    return with_constant(to, node, *a, to.real_input(node, 1), true);
  if (const OnnxTensor* b = to.constant_input(node, 1))
    return with_constant(to, node, *b, to.real_input(node, 0), false);
  if (node.type == "Div") node.reject("a value that is divided by another one is not supported");
  const auto [a, b] = alike(to, node.outputs[0], to.real_input(node, 0), to.real_input(node, 1));
  to.set(node, op_of(node), {a.id, b.id}, a.order).flat = a.flat;
}

void import_sum(Importer& to, const OnnxNode& node) {
  Value sum = to.real_input(node, 0);
  if (node.inputs.size() == 1) return to.set(node, sum);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const std::string name = i + 1 == node.inputs.size() ? node.outputs[0] : fmt::format("{}/{}", node.outputs[0], i);
    const auto [a, b] = alike(to, name, sum, to.real_input(node, i));
    const std::optional<Flat> flat = a.flat;
    sum = to.append(name, Add{}, {a.id, b.id}, a.order);
    sum.flat = flat;
  }
  to.set(node, sum);
}

}  // namespace Atoll::format
