#include "format/onnx/importer.h"

#include <algorithm>

#include "atoll/error.h"
#include "format/limits.h"
#include "format/onnx/fold_constants.h"

namespace Atoll::format {
namespace {

std::string label(const OnnxNode& node) { return node.name.empty() ? node.outputs[0] : node.name; }

}  // namespace

Graph Importer::run(const std::string& name) {
  if (model_.opset < kOldestOpset || model_.opset > kNewestOpset)
    fail("its ops are of version {}, but {} to {} are supported", model_.opset, kOldestOpset, kNewestOpset);
  graph_.name = name;
  graph_.description = model_.producer.empty() ? "" : "ONNX, made by " + model_.producer;
  for (const OnnxNode& node : model_.nodes)
    for (const std::string& input : node.inputs) readers_[input].push_back(&node);
  outputs_.insert(model_.outputs.begin(), model_.outputs.end());
  for (const OnnxValue& input : model_.inputs) add_input(input);
  for (const OnnxNode& node : model_.nodes) import(node);
  add_outputs();
  return std::move(graph_);
}

void Importer::add_input(const OnnxValue& input) {
  if (values_.contains(input.name)) fail("there are two inputs of the name '{}'", input.name);
  DType type = dtype_of(input.type, input.name);
  if (type == DType::kFloat16) type = DType::kFloat32;
  if (type != DType::kFloat32 && type != DType::kInt8 && type != DType::kUInt8)
    fail("input '{}' is of {}, but should be of FLOAT, FLOAT16, INT8 or UINT8", input.name, name_of(input.type));
  const bool map = input.shape.rank() == 4 && !comes_channels_last(input);
  const Order order = map ? map_order() : plain_order(input.shape.rank());
  const TensorId id = graph_.add_tensor({.name = input.name, .shape = held_shape(input.shape, order), .dtype = type});
  graph_.inputs.push_back(id);
  values_[input.name] = {id, order, {}};
  names_[id] = input.name;
}

// Keras's exports take [n, h, w, c] and transpose it, perhaps behind ops that work value by value; everyone else
// takes [n, c, h, w], and so does every file of Atoll's, whatever its network begins with.
bool Importer::comes_channels_last(const OnnxValue& input) const {
  if (model_.producer == kOnnxProducer) return false;
  static const std::set<std::string> kByValue = {"Add",      "Cast", "DequantizeLinear", "Div",
                                                 "Identity", "Mul",  "QuantizeLinear",   "Sub"};
  std::string name = input.name;
  for (std::size_t steps = 0; steps < 16; ++steps) {
    const auto readers = readers_.find(name);
    if (readers == readers_.end() || readers->second.empty()) return false;
    const auto transposes = [](const OnnxNode* node) {
      const auto order = node->attributes.find("perm");
      return node->type == "Transpose" && order != node->attributes.end() &&
             order->second.ints == std::vector<std::int64_t>{0, 3, 1, 2};
    };
    if (std::all_of(readers->second.begin(), readers->second.end(), transposes)) return true;
    const OnnxNode& node = *readers->second[0];
    if (!kByValue.contains(node.type) || node.outputs.empty()) return false;
    name = node.outputs[0];
  }
  return false;
}

void Importer::import(const OnnxNode& node) {
  if (node.outputs.empty()) fail("a node of type {} has no output", node.type);
  const bool ours = node.domain.empty() || node.domain == "ai.onnx";
  const Import importer = ours ? importer_of(node.type) : nullptr;
  const bool shape_only = ours && node.type == "Shape" && !constant_input(node, 0);
  if (shape_only) return set(node, shape_constant(node, meant(input(node))));
  if (ours && folds(node)) {
    std::vector<const OnnxTensor*> inputs;
    bool known = true;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back(node.has_input(i) ? constant(node.inputs[i]) : nullptr);
      known &= !node.has_input(i) || inputs.back() != nullptr;
    }
    if (known) return set(node, fold(node, inputs, model_.opset, budget_));
  }
  if (importer == nullptr)
    fail("the op {} of node '{}' is not supported; these are: {}", ours ? node.type : node.domain + "." + node.type,
         label(node), imported_types());
  importer(*this, node);
}

void Importer::add_outputs() {
  if (model_.outputs.empty()) fail("it has no output");
  for (const std::string& output : model_.outputs) {
    if (constant(output)) fail("the output '{}' is a constant", output);
    const Value v = as_output(output, value(output));
    const auto is = [&](TensorId id) { return id == v.id; };
    if (std::none_of(graph_.inputs.begin(), graph_.inputs.end(), is) &&
        std::none_of(graph_.outputs.begin(), graph_.outputs.end(), is))
      graph_.tensor(v.id).name = output;
    graph_.outputs.push_back(v.id);
  }
}

// Outputs of rank 4 leave as inputs come: channels last, whatever ONNX calls them; everything else as ONNX has it.
Value Importer::as_output(const std::string& name, const Value& v) {
  const bool last_outside = std::any_of(model_.inputs.begin(), model_.inputs.end(), [&](const OnnxValue& input) {
    return input.shape.rank() == 4 && comes_channels_last(input);
  });
  if (held(v).rank() == 4 && !last_outside) return arranged(name + "/nhwc", v, map_order());
  return plain(name + "/plain", v);
}

const Value& Importer::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) fail("'{}' is used before anything has computed it", name);
  return found->second;
}

const Value& Importer::input(const OnnxNode& node, std::size_t i) const {
  if (!node.has_input(i)) node.reject(fmt::format("input {} is missing", i));
  if (constant(node.inputs[i])) node.reject(fmt::format("input {} should be computed, but is a constant", i));
  return value(node.inputs[i]);
}

const Value& Importer::real_input(const OnnxNode& node, std::size_t i) const {
  const Value& v = input(node, i);
  if (const DType type = graph_.tensor(v.id).dtype; type != DType::kFloat32)
    node.reject(fmt::format("input {} is {}, but should be real numbers", i, Atoll::name_of(type)));
  return v;
}

const OnnxTensor* Importer::constant(const std::string& name) const {
  if (const auto found = constants_.find(name); found != constants_.end()) return &found->second;
  const auto found = model_.initializers.find(name);
  return found == model_.initializers.end() ? nullptr : &found->second;
}

const OnnxTensor* Importer::constant_input(const OnnxNode& node, std::size_t i) const {
  return node.has_input(i) ? constant(node.inputs[i]) : nullptr;
}

const OnnxTensor& Importer::needed(const OnnxNode& node, std::size_t i) const {
  const OnnxTensor* tensor = constant_input(node, i);
  if (!tensor) node.reject(fmt::format("input {} should be a constant", i));
  return *tensor;
}

std::optional<std::vector<std::int64_t>> Importer::attribute_or_input(const OnnxNode& node, const char* name,
                                                                      std::size_t i) const {
  if (node.has(name)) return node.integers(name);
  if (!node.has_input(i)) return std::nullopt;
  return needed(node, i).integers();
}

Node* Importer::sole_producer(const Value& v) {
  const auto name = names_.find(v.id);
  if (name == names_.end() || outputs_.contains(name->second)) return nullptr;
  const auto readers = readers_.find(name->second);
  if (readers == readers_.end() || readers->second.size() != 1) return nullptr;
  if (graph_.nodes.empty() || graph_.nodes.back().outputs[0] != v.id) return nullptr;
  return &graph_.nodes.back();
}

void Importer::define(const OnnxNode& node, const std::string& name) const {
  if (values_.contains(name) || constant(name)) node.reject("'" + name + "' already has a value");
}

Value& Importer::set(const OnnxNode& node, Op op, std::vector<TensorId> inputs, Order order) {
  define(node, node.outputs[0]);
  const Value made = append(node.outputs[0], std::move(op), std::move(inputs), std::move(order));
  graph_.nodes.back().name = label(node);
  names_[made.id] = node.outputs[0];
  return values_[node.outputs[0]] = made;
}

void Importer::set(const OnnxNode& node, Value value) {
  define(node, node.outputs[0]);
  // The tensor goes by its new name, unless somebody else reads it under the old one.
  if (const auto old = names_.find(value.id); old != names_.end()) {
    const bool moved = !outputs_.contains(old->second) && readers_[old->second].size() == 1;
    if (moved)
      old->second = node.outputs[0];
    else
      names_.erase(old);
  } else if (graph_.tensor(value.id).name == node.outputs[0]) {
    names_[value.id] = node.outputs[0];  // made for this node
  }
  values_[node.outputs[0]] = std::move(value);
}

void Importer::set(const OnnxNode& node, OnnxTensor constant) {
  define(node, node.outputs[0]);
  constants_[node.outputs[0]] = std::move(constant);
}

Value Importer::append(const std::string& name, Op op, std::vector<TensorId> inputs, Order order) {
  budget_.charge(sizeof(Node) + sizeof(Tensor));
  Node node{.name = name, .op = std::move(op), .inputs = std::move(inputs), .outputs = {}};
  const Tensor& like = graph_.tensor(node.inputs[0]);
  Tensor out{.name = name, .dtype = like.dtype, .quantization = like.quantization};
  out.shape = infer_shapes(graph_, node).at(0);
  check_shape(out.shape, name);
  const TensorId id = graph_.add_tensor(std::move(out));
  node.outputs = {id};
  graph_.add_node(std::move(node));
  return {id, std::move(order), {}};
}

Value Importer::arranged(const std::string& name, const Value& v, const Order& order) {
  Value from = v;
  if (v.flat) {  // unfold, so that the axes inside of it can move
    const int last = held(v).rank() - 1;
    Shape unfolded;
    Order unfolded_order;
    for (int i = 0; i < last; ++i) {
      unfolded.push_back(held(v)[i]);
      unfolded_order.push_back(i);
    }
    for (const int axis : v.flat->order) {
      unfolded.push_back(v.flat->meant[axis]);
      unfolded_order.push_back(last + axis);
    }
    const Value open = append(name + "/unfolded", Reshape{.shape = unfolded}, {v.id}, unfolded_order);
    const Value moved = arranged(name + "/moved", open, plain_order(unfolded.rank()));
    from = append(name + "/folded", Reshape{.shape = held(v)}, {moved.id}, v.order);
  }
  if (from.order == order) return from;
  const Shape shape = meant(from);
  if (same_sequence(shape, from.order, order))
    return append(name, Reshape{.shape = held_shape(shape, order)}, {from.id}, order);
  return append(name, Transpose{.permutation = permutation_between(from.order, order)}, {from.id}, order);
}

Value Importer::as_map(const OnnxNode& node, const Value& v) {
  if (held(v).rank() != 4)
    node.reject(fmt::format("its input should be a map [n, c, h, w], but is {}", meant(v).str()));
  return arranged(node.outputs[0] + "/nhwc", v, map_order());
}

Value Importer::plain(const std::string& name, const Value& v) {
  return arranged(name, v, plain_order(held(v).rank()));
}

Value Importer::reshaped(const std::string& name, const Value& v, const Shape& shape) {
  Shape from = meant(v);
  Order order = v.order;
  if (v.flat) {  // as if it had never been flattened
    const int last = from.rank() - 1;
    Shape unfolded;
    for (int i = 0; i < last; ++i) unfolded.push_back(from[i]);
    for (const std::int64_t dim : v.flat->meant) unfolded.push_back(dim);
    from = unfolded;
    order.pop_back();
    for (const int axis : v.flat->order) order.push_back(last + axis);
  }
  const Order preferred = shape.rank() == 4 ? map_order() : plain_order(shape.rank());
  if (const auto after = order_after_reshape(from, order, shape, preferred)) {
    const Shape to = held_shape(shape, *after);
    if (to == held(v)) return {v.id, *after, {}};
    return append(name, Reshape{.shape = to}, {v.id}, *after);
  }
  const bool flattens = shape.rank() == 2 && order[0] == 0 && shape[0] == from[0] && from.rank() > 2;
  const auto before = v.flat || flattens ? std::nullopt : order_before_reshape(from, shape, preferred);
  if (before) {
    const Value moved = arranged(name + "/moved", v, *before);
    return append(name, Reshape{.shape = held_shape(shape, preferred)}, {moved.id}, preferred);
  }
  if (!flattens) {
    const Value moved = plain(name + "/plain", v);
    return append(name, Reshape{.shape = shape}, {moved.id}, plain_order(shape.rank()));
  }
  Flat flat;
  for (int i = 1; i < from.rank(); ++i) {
    flat.meant.push_back(from[i]);
    flat.order.push_back(order[static_cast<std::size_t>(i)] - 1);
  }
  Value result = append(name, Reshape{.shape = shape}, {v.id}, plain_order(2));
  result.flat = std::move(flat);
  return result;
}

TensorId Importer::add_constant(const OnnxTensor& constant, const Order& order, std::optional<Shape> as) {
  const Shape shape = as ? *as : held_shape(constant.shape, order);
  std::vector<Added>& added = added_[constant.name];
  for (const Added& one : added)
    if (one.order == order && one.quantization == constant.quantization && graph_.tensor(one.id).shape == shape)
      return one.id;
  const std::string suffix = added.empty() ? "" : fmt::format("/{}", added.size() + 1);
  Tensor tensor{.name = constant.name + suffix, .shape = shape, .dtype = constant.dtype, .constant = true};
  const bool half = constant.dtype == DType::kFloat16;
  const bool kept = !constant.quantization.empty() || (half && constant.widened);
  const bool moves = !same_sequence(constant.shape, order, plain_order(constant.shape.rank()));
  budget_.charge(sizeof(Tensor) + (moves ? constant.data.size() : 0) + (half && !kept ? constant.data.size() * 2 : 0));
  if (half && !kept) {
    tensor.dtype = DType::kFloat32;
    tensor.data = permuted(Data::of(constant.floats()), sizeof(float), constant.shape, order);
  } else {
    tensor.data = permuted(constant.data, size_of(constant.dtype), constant.shape, order);
  }
  tensor.quantization = constant.quantization;
  tensor.quantization.axis = 0;
  if (constant.quantization.per_channel()) {
    const int axis = held_axis(order, constant.quantization.axis);
    tensor.quantization.axis = as && axis != 0 ? as->rank() - 1 : axis;
  }
  TensorId id = graph_.add_tensor(std::move(tensor));
  if (kept) {
    const std::string name = constant.name + suffix + "/float32";
    const TensorId real = graph_.add_tensor({.name = name, .shape = shape});
    graph_.add_node({.name = name, .op = Dequantize{}, .inputs = {id}, .outputs = {real}});
    id = real;
  }
  added.push_back({order, constant.quantization, id});
  return id;
}

TensorId Importer::add_floats(const std::string& name, const Shape& shape, std::vector<float> values) {
  budget_.charge(sizeof(Tensor) + values.size() * sizeof(float));
  return graph_.add_tensor({.name = name, .shape = shape, .constant = true, .data = Data::of(values)});
}

}  // namespace Atoll::format
