// Functions of one value, and Softmax.
#include <cmath>
#include <limits>

#include "format/onnx/fold_constants.h"
#include "format/onnx/import_ops.h"

namespace Atoll::format {
namespace {

constexpr float kUnlimited = 1e30f;

// An op that works value by value keeps whatever order its input is held in.
void by_value(Importer& to, const OnnxNode& node, Op op) {
  const Value v = to.real_input(node);
  to.set(node, std::move(op), {v.id}, v.order).flat = v.flat;
}

void limited(Importer& to, const OnnxNode& node, const Value& v, float low, float high) {
  if (low == 0 && high >= kUnlimited) {
    to.set(node, Relu{}, {v.id}, v.order).flat = v.flat;
  } else if (low == 0 && high == 6) {
    to.set(node, Relu6{}, {v.id}, v.order).flat = v.flat;
  } else if (low == -1 && high == 1) {  // an activation without an op of its own
    Node* before = to.sole_producer(v);
    if (before && can_fuse_activation(before->op) && activation_of(before->op) == Activation::kNone &&
        !std::holds_alternative<Concatenation>(before->op)) {
      set_activation(before->op, Activation::kReluN1To1);
      return to.set(node, v);
    }
    const TensorId one = to.add_floats(node.outputs[0] + "/one", {1}, {1.0f});
    to.set(node, Mul{.activation = Activation::kReluN1To1}, {v.id, one}, v.order).flat = v.flat;
  } else if (low <= -kUnlimited && high >= kUnlimited) {
    to.set(node, v);
  } else {
    node.reject(fmt::format("its limits are {} and {}, but only 0 and infinity, 0 and 6, and -1 and 1 are supported",
                            low, high));
  }
}

}  // namespace

void import_elementwise(Importer& to, const OnnxNode& node) {
  if (node.type == "Relu") return by_value(to, node, Relu{});
  if (node.type == "Sigmoid") return by_value(to, node, Sigmoid{});
  if (node.type == "Tanh") return by_value(to, node, Tanh{});
  by_value(to, node, HardSwish{});
}

void import_clip(Importer& to, const OnnxNode& node) {
  const auto limit = [&](const char* name, std::size_t i, float otherwise) {
    if (node.has(name)) return node.real(name, otherwise);
    if (!node.has_input(i)) return otherwise;
    const std::vector<float> values = to.needed(node, i).floats();
    if (values.size() != 1) node.reject(fmt::format("{} has {} values", name, values.size()));
    return values[0];
  };
  limited(to, node, to.real_input(node), limit("min", 1, std::numeric_limits<float>::lowest()),
          limit("max", 2, std::numeric_limits<float>::max()));
}

// Max with 0 and Min with 6 are halves of ReLU6.
void import_min_max(Importer& to, const OnnxNode& node) {
  const bool first = to.constant_input(node, 0) != nullptr;
  const OnnxTensor& bound = to.needed(node, first ? 0 : 1);
  const Value v = to.real_input(node, first ? 1 : 0);
  if (node.inputs.size() != 2 || bound.shape.elements() != 1)
    node.reject("only one value and one number are supported");
  const float limit = bound.floats()[0];
  if (node.type == "Max") return limited(to, node, v, limit, std::numeric_limits<float>::max());
  Node* before = to.sole_producer(v);
  if (before == nullptr || !std::holds_alternative<Relu>(before->op) || limit != 6)
    node.reject(fmt::format("the smaller of a value and {} is only supported for 6 behind Relu", limit));
  before->op = Relu6{};
  to.set(node, v);
}

void import_hard_sigmoid(Importer& to, const OnnxNode& node) {
  const float alpha = node.real("alpha", 0.2f), beta = node.real("beta", 0.5f);
  if (std::abs(alpha - 1.0f / 6) < 1e-6f && beta == 0.5f) return by_value(to, node, HardSigmoid{});
  // min(max(alpha x + beta, 0), 1) = relu6(6 alpha x + 6 beta) / 6
  const Value v = to.real_input(node);
  const std::string& name = node.outputs[0];
  const auto number = [&](const char* what, float value) { return to.add_floats(name + what, {1}, {value}); };
  const Value scaled = to.append(name + "/scaled", Mul{}, {v.id, number("/alpha", 6 * alpha)}, v.order);
  const TensorId shift = number("/beta", 6 * beta);
  const Value sum = to.append(name + "/sum", Add{.activation = Activation::kRelu6}, {scaled.id, shift}, v.order);
  to.set(node, Mul{}, {sum.id, number("/sixth", 1.0f / 6)}, v.order).flat = v.flat;
}

void import_swish(Importer& to, const OnnxNode& node) {
  if (node.real("alpha", 1) != 1) node.reject("alpha should be 1");
  by_value(to, node, Swish{});
}

void import_softmax(Importer& to, const OnnxNode& node) {
  Value v = to.real_input(node);
  const Shape shape = to.meant(v);
  const int axis = axis_of(node, node.integer("axis", to.opset() < 13 ? 1 : -1), shape.rank());
  if (to.opset() < 13) {  // over everything from the axis on
    std::int64_t rest = 1;
    for (int i = axis + 1; i < shape.rank(); ++i) rest *= shape[i];
    if (rest != 1) {
      const Value rows =
          to.reshaped(node.outputs[0] + "/rows", v, {shape.elements() / (shape[axis] * rest), shape[axis] * rest});
      const Value shares = to.append(node.outputs[0] + "/shares", Softmax{}, {rows.id}, rows.order);
      return to.set(node, to.reshaped(node.outputs[0], {shares.id, shares.order, rows.flat}, shape));
    }
  }
  if (v.flat && axis != shape.rank() - 1) v = to.plain(node.outputs[0] + "/plain", v);
  if (v.order.back() != axis) {
    Order order = v.order;
    order.erase(order.begin() + held_axis(order, axis));
    order.push_back(axis);
    v = to.arranged(node.outputs[0] + "/last", v, order);
  }
  float beta = 1;
  if (const Node* before = to.sole_producer(v)) {  // a factor in front of it is Softmax's own
    const auto* scale = std::get_if<Mul>(&before->op);
    const Tensor* factor = scale ? &to.tensor(before->inputs[1]) : nullptr;
    if (scale && scale->activation == Activation::kNone && factor->constant && factor->elements() == 1 &&
        factor->dtype == DType::kFloat32 && factor->data.as<float>()[0] > 0) {
      beta = factor->data.as<float>()[0];
      v.id = before->inputs[0];
    }
  }
  to.set(node, Softmax{.beta = beta}, {v.id}, v.order).flat = v.flat;
}

}  // namespace Atoll::format
