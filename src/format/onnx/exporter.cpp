#include "format/onnx/exporter.h"

#include "atoll/error.h"
#include "format/onnx/properties.h"

namespace Atoll::format {
namespace {

// Inputs and outputs of the file: maps channels first, everything else as it is.
Order outer_order(int rank) { return rank == 4 ? inverse(map_order()) : plain_order(rank); }

}  // namespace

Exporter::Exporter(const Graph& graph) : graph_(graph), uses_(uses_of(graph)) {}

std::vector<std::byte> Exporter::run() {
  for (const TensorId id : graph_.inputs) add_input(id);
  for (const TensorId id : graph_.outputs)
    if (!output_names_.contains(id)) output_names_[id] = file_.unique_name(tensor(id).name);
  for (const Node& node : graph_.nodes) export_op(*this, node);
  for (const TensorId id : graph_.outputs) add_output(id);
  return file_.finish(graph_.name, graph_.description, properties_of(graph_));
}

bool Exporter::is_integer(TensorId id) const {
  const Tensor& t = tensor(id);
  if (t.dtype == DType::kFloat32 || t.dtype == DType::kFloat16) return false;
  const bool known = t.dtype == DType::kInt8 || t.dtype == DType::kUInt8 || (t.dtype == DType::kInt32 && t.constant);
  if (!known || t.quantization.empty())
    fail("'{}' is {}{}, which has no form in an ONNX file of float32 or 8-bit values", t.name, name_of(t.dtype),
         t.quantization.empty() ? " without a scale" : "");
  return true;
}

void Exporter::add_input(TensorId id) {
  const Tensor& t = tensor(id);
  const Held held{file_.unique_name(t.name), t.shape, outer_order(t.shape.rank()), {}};
  file_.input(held.name, t.dtype, held_shape(t.shape, held.order));
  (is_integer(id) ? integers_ : reals_)[id] = held;
}

void Exporter::add_output(TensorId id) {
  const Tensor& t = tensor(id);
  const Order order = outer_order(t.shape.rank());
  if (t.constant || stored(id) != kNoTensor) fail("the output '{}' is a constant", t.name);
  Held held = is_integer(id) ? integers_.at(id) : real_of(id);
  const auto open = output_names_.find(id);
  if (open != output_names_.end() || held.flat || held.order != order) {
    const std::string name = open != output_names_.end() ? open->second : file_.unique_name(t.name);
    held = arranged(t.name + "_arranged", held, order);
    file_.node("Identity", {held.name}, name, file_.unique_node_name(name));
    held.name = name;
    output_names_.erase(id);
  }
  file_.output(held.name, t.dtype, held_shape(t.shape, order));
}

// The network's output takes its own name where it is held as it should leave.
std::string Exporter::name_for(TensorId id, const Held& value) {
  const auto open = output_names_.find(id);
  if (open == output_names_.end()) return file_.unique_name(tensor(id).name);
  if (value.flat || value.order != outer_order(tensor(id).shape.rank()))
    return file_.unique_name(tensor(id).name + "_held");
  const std::string name = open->second;
  output_names_.erase(open);
  return name;
}

TensorId Exporter::stored(TensorId id) const {
  if (tensor(id).constant) return id;
  const int maker = uses_.producer[static_cast<std::size_t>(id)];
  if (maker < 0) return kNoTensor;
  const Node& node = graph_.nodes[static_cast<std::size_t>(maker)];
  const bool widens = std::holds_alternative<Dequantize>(node.op) && tensor(node.inputs[0]).constant;
  return widens ? node.inputs[0] : kNoTensor;
}

bool Exporter::is_constant(const Node& node, std::size_t i) const { return stored(node.inputs[i]) != kNoTensor; }

std::vector<std::string> Exporter::scale_and_zero(TensorId id) {
  std::vector<std::string>& names = parameters_[id];
  if (!names.empty()) return names;
  const Tensor& t = tensor(id);
  const Quantization& q = t.quantization;
  const Shape shape = q.per_channel() ? Shape{static_cast<std::int64_t>(q.scale.size())} : Shape{};
  names.push_back(file_.unique_name(t.name + "_scale"));
  file_.initializer(names[0], DType::kFloat32, shape, std::as_bytes(std::span(q.scale)));
  if (t.dtype == DType::kInt32) return names;  // always 0
  std::vector<std::int8_t> zeros;              // uint8 by its bits
  for (const std::int32_t zero : q.zero_point) zeros.push_back(static_cast<std::int8_t>(zero));
  names.push_back(file_.unique_name(t.name + "_zero_point"));
  file_.initializer(names[1], t.dtype, shape, std::as_bytes(std::span(zeros)));
  return names;
}

Held Exporter::real_of(TensorId id) {
  if (const auto found = reals_.find(id); found != reals_.end()) return found->second;
  const auto integers = integers_.find(id);
  if (integers == integers_.end()) fail("'{}' is read before anything has made it", tensor(id).name);
  Held held = integers->second;
  std::vector<std::string> inputs = scale_and_zero(id);
  inputs.insert(inputs.begin(), held.name);
  held.name = file_.unique_name(tensor(id).name + "_dequantized");
  file_.node("DequantizeLinear", inputs, held.name, file_.unique_node_name(held.name));
  return reals_[id] = held;
}

Held Exporter::real(const Node& node, std::size_t i) {
  const TensorId id = node.inputs[i];
  if (!is_constant(node, i)) return real_of(id);
  const Order order = plain_order(tensor(id).shape.rank());
  return {constant(node, i, tensor(id).shape, order), tensor(id).shape, order, {}};
}

Held Exporter::map(const Node& node, std::size_t i) {
  return arranged(node.name + "_nchw", real(node, i), inverse(map_order()));
}

Held Exporter::arranged(const std::string& name, const Held& given, const Order& order) {
  Held x = given;
  if (x.flat) {
    const int last = x.meant.rank() - 1;
    Held open{x.name, {}, {}, {}};
    for (int i = 0; i < last; ++i) open.meant.push_back(x.meant[i]), open.order.push_back(i);
    for (const std::int64_t dim : x.flat->meant) open.meant.push_back(dim);
    for (const int axis : x.flat->order) open.order.push_back(last + axis);
    const auto reshape = [&](const char* what, const std::string& from, const Shape& shape) {
      const std::string made = file_.unique_name(name + what);
      file_.node("Reshape", {from, integers(made + "_shape", {shape.begin(), shape.end()})}, made,
                 file_.unique_node_name(made));
      return made;
    };
    open.name = reshape("_unfolded", x.name, held_shape(open.meant, open.order));
    open = arranged(name + "_moved", open, plain_order(open.meant.rank()));
    x = {reshape("_folded", open.name, x.meant), x.meant, x.order, {}};
  }
  if (x.order == order) return x;
  OnnxAttributes attributes;
  const std::string made = file_.unique_name(name);
  if (same_sequence(x.meant, x.order, order)) {
    const Shape shape = held_shape(x.meant, order);
    file_.node("Reshape", {x.name, integers(made + "_shape", {shape.begin(), shape.end()})}, made,
               file_.unique_node_name(made));
  } else {
    const std::vector<int> permutation = permutation_between(x.order, order);
    attributes.integers("perm", std::vector<std::int64_t>(permutation.begin(), permutation.end()));
    file_.node("Transpose", {x.name}, made, file_.unique_node_name(made), attributes);
  }
  return {made, x.meant, order, {}};
}

Held Exporter::plain(const std::string& name, const Held& x) {
  return arranged(name + "_plain", x, plain_order(x.meant.rank()));
}

Held Exporter::reshaped(const std::string& name, const Held& given, const Shape& shape) {
  const Held x = given.flat ? plain(name, given) : given;
  const Order preferred = outer_order(shape.rank());
  const auto after = order_after_reshape(x.meant, x.order, shape, preferred);
  const bool flattens = !after && shape.rank() == 2 && x.meant.rank() > 2 && x.order[0] == 0 && shape[0] == x.meant[0];
  Held result{"", shape, after ? *after : plain_order(shape.rank()), {}};
  if (flattens) {
    result.flat.emplace();
    for (int i = 1; i < x.meant.rank(); ++i) {
      result.flat->meant.push_back(x.meant[i]);
      result.flat->order.push_back(x.order[static_cast<std::size_t>(i)] - 1);
    }
  }
  const Held from = after || flattens ? x : plain(name, x);
  const Shape to = held_shape(shape, result.order);
  result.name = file_.unique_name(name);
  file_.node("Reshape", {from.name, integers(result.name + "_shape", {to.begin(), to.end()})}, result.name,
             file_.unique_node_name(result.name));
  return result;
}

std::string Exporter::constant(const Node& node, std::size_t i, const Shape& meant, const Order& order,
                               std::optional<Shape> as) {
  const TensorId id = stored(node.inputs[i]);
  const Tensor& t = tensor(id);
  const Shape shape = as ? *as : held_shape(meant, order);
  std::vector<Constant>& known = constants_[id];
  for (const Constant& one : known)
    if (one.order == order && one.shape == shape) return one.name;
  if (t.data.empty() && t.elements() > 0)
    fail("'{}' has no values yet (train it or load weights; .json holds the architecture alone)", t.name);
  const bool integer = is_integer(id);
  std::string name = file_.unique_name(t.name);
  file_.initializer(name, t.dtype, shape, permuted(t.data, size_of(t.dtype), meant, order).bytes());
  if (integer || t.dtype == DType::kFloat16) {
    std::vector<std::string> inputs = {name};
    OnnxAttributes attributes;
    if (integer) {
      const std::vector<std::string> parameters = scale_and_zero(id);
      inputs.insert(inputs.end(), parameters.begin(), parameters.end());
      if (t.quantization.per_channel()) attributes.integer("axis", held_axis(order, t.quantization.axis));
    } else {
      attributes.integer("to", static_cast<std::int64_t>(OnnxType::kFloat));
    }
    name = file_.unique_name(name + (integer ? "_dequantized" : "_float32"));
    file_.node(integer ? "DequantizeLinear" : "Cast", inputs, name, file_.unique_node_name(name), attributes);
  }
  known.push_back({order, shape, name});
  return name;
}

std::string Exporter::integers(const std::string& name, const std::vector<std::int64_t>& values) {
  const std::string unique = file_.unique_name(name);
  file_.initializer(unique, DType::kInt64, {static_cast<std::int64_t>(values.size())},
                    std::as_bytes(std::span(values)));
  return unique;
}

std::string Exporter::number(const std::string& name, float value) {
  const std::string unique = file_.unique_name(name);
  file_.initializer(unique, DType::kFloat32, {}, std::as_bytes(std::span(&value, 1)));
  return unique;
}

std::string Exporter::step(const Node& node, const std::string& what, std::string_view type,
                           std::vector<std::string> inputs, const OnnxAttributes& attributes) {
  const std::string name = file_.unique_name(tensor(node.outputs[0]).name + "_" + what);
  file_.node(type, inputs, name, file_.unique_node_name(node.name + "_" + what), attributes);
  return name;
}

void Exporter::quantize(TensorId id, const Held& value) {
  Held held = value;
  std::vector<std::string> inputs = scale_and_zero(id);
  inputs.insert(inputs.begin(), value.name);
  held.name = name_for(id, value);
  file_.node("QuantizeLinear", inputs, held.name, file_.unique_node_name(held.name + "_quantize"));
  integers_[id] = held;
}

void Exporter::make(const Node& node, std::string_view type, std::vector<std::string> inputs, const Held& like,
                    const OnnxAttributes& attributes) {
  const TensorId id = node.outputs[0];
  const std::string& called = tensor(id).name;
  const Activation activation = activation_of(node.op);
  const bool integer = is_integer(id);
  Held held = like;
  held.meant = tensor(id).shape;
  const auto last_name = [&] { return integer ? file_.unique_name(called + "_real") : name_for(id, held); };
  held.name = activation == Activation::kNone ? last_name() : file_.unique_name(called + "_linear");
  file_.node(type, inputs, held.name, file_.unique_node_name(node.name), attributes);
  if (activation != Activation::kNone) {
    const std::string linear = held.name;
    held.name = last_name();
    const std::string name = file_.unique_node_name(fmt::format("{}_{}", node.name, name_of(activation)));
    if (activation == Activation::kRelu) {
      file_.node("Relu", {linear}, held.name, name);
    } else {
      const bool six = activation == Activation::kRelu6;
      const std::string low = number(called + "_min", six ? 0.0f : -1.0f),
                        high = number(called + "_max", six ? 6.0f : 1.0f);
      file_.node("Clip", {linear, low, high}, held.name, name);
    }
  }
  if (integer)
    quantize(id, held);
  else
    reals_[id] = held;
}

void Exporter::same(const Node& node, const Held& value) {
  const TensorId in = node.inputs[0], id = node.outputs[0];
  Held held = value;
  held.meant = tensor(id).shape;
  const auto integers = integers_.find(in);
  const auto real = reals_.find(in);
  const bool untouched = real != reals_.end() && real->second.name == value.name;
  if (!is_integer(id)) {
    reals_[id] = held;
  } else if (untouched && integers != integers_.end() && tensor(in).dtype == tensor(id).dtype &&
             tensor(in).quantization == tensor(id).quantization) {
    reals_[id] = held;
    held.name = integers->second.name;
    integers_[id] = held;
  } else {
    quantize(id, held);
  }
}

}  // namespace Atoll::format
