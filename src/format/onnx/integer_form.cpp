#include "format/onnx/integer_form.h"

#include <algorithm>
#include <map>
#include <optional>

#include "format/onnx/integer_constants.h"
#include "graph/rewrite.h"

namespace Atoll::format {
namespace {

bool is_8bit(const Tensor& tensor) {
  return (tensor.dtype == DType::kInt8 || tensor.dtype == DType::kUInt8) && tensor.quantization.scale.size() == 1;
}

bool same_parameters(const Tensor& a, const Tensor& b) {
  return a.dtype == b.dtype && a.quantization == b.quantization;
}

// A run of nodes that becomes one: an op, perhaps an activation, and the Quantize nodes behind.
struct Run {
  Activation activation = Activation::kNone;
  TensorId real = kNoTensor;  // what the Quantize nodes read
  TensorId out = kNoTensor;   // what the first of them makes
  std::vector<int> nodes;     // beside the op itself
};

class IntegerForm {
 public:
  explicit IntegerForm(const Graph& graph)
      : graph_(graph), uses_(uses_of(graph)), result_(rewrite::without_nodes(graph)), done_(graph.nodes.size(), false) {
    for (std::size_t i = 0; i < graph.tensors.size(); ++i) now_.push_back(static_cast<TensorId>(i));
  }

  Graph run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (done_[i]) continue;
      const Node& node = graph_.nodes[i];
      if (const Run* run = find_run(node); run && integer(node, *run))
        finish(*run);
      else if (!requantize(node) && !move(node))
        keep(node);
    }
    for (TensorId& id : result_.outputs) id = now(id);
    return prune_unused(result_);
  }

 private:
  TensorId now(TensorId id) const { return id == kNoTensor ? id : now_[static_cast<std::size_t>(id)]; }
  Tensor& tensor(TensorId id) { return result_.tensor(id); }
  const std::vector<int>& readers(TensorId id) const { return uses_.consumers[static_cast<std::size_t>(id)]; }
  bool is_output(TensorId id) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
  }

  void keep(const Node& node) {
    Node copy = node;
    for (TensorId& id : copy.inputs) id = now(id);
    result_.add_node(std::move(copy));
  }

  // The integers that a Dequantize makes real numbers `id` of, or kNoTensor.
  TensorId integers(TensorId id) const {
    if (id == kNoTensor) return kNoTensor;
    if (const auto found = moved_.find(id); found != moved_.end()) return found->second;
    const int maker = uses_.producer[static_cast<std::size_t>(id)];
    if (maker < 0) return kNoTensor;
    const Node& node = graph_.nodes[static_cast<std::size_t>(maker)];
    return std::holds_alternative<Dequantize>(node.op) ? now(node.inputs[0]) : kNoTensor;
  }

  // Quantize behind Dequantize: the same integers, or others with other parameters.
  bool requantize(const Node& node) {
    if (!std::holds_alternative<Quantize>(node.op)) return false;
    const TensorId x = integers(node.inputs[0]), y = node.outputs[0];
    if (x == kNoTensor || !is_8bit(tensor(x)) || tensor(x).constant) return false;
    const bool input = std::find(graph_.inputs.begin(), graph_.inputs.end(), x) != graph_.inputs.end();
    if (same_parameters(tensor(x), tensor(y)) && !(is_output(y) && (input || is_output(x))))
      now_[static_cast<std::size_t>(y)] = x;
    else
      result_.add_node({.name = node.name, .op = Quantize{}, .inputs = {x}, .outputs = {y}});
    return true;
  }

  // Reshape and Transpose of what was just made real: of the integers instead.
  bool move(const Node& node) {
    if (!std::holds_alternative<Reshape>(node.op) && !std::holds_alternative<Transpose>(node.op)) return false;
    const TensorId x = integers(node.inputs[0]), real = node.outputs[0];
    if (x == kNoTensor || !is_8bit(tensor(x)) || tensor(x).constant) return false;
    const TensorId y = like(x, graph_.tensor(real).name + "/integers", tensor(x).quantization);
    tensor(y).shape = tensor(real).shape;
    result_.add_node({.name = node.name, .op = node.op, .inputs = {x}, .outputs = {y}});
    result_.add_node({.name = node.name + "/real", .op = Dequantize{}, .inputs = {y}, .outputs = {real}});
    moved_[real] = y;
    return true;
  }

  std::optional<Activation> activation(const Node& node) const {
    if (std::holds_alternative<Relu>(node.op)) return Activation::kRelu;
    if (std::holds_alternative<Relu6>(node.op)) return Activation::kRelu6;
    const auto* mul = std::get_if<Mul>(&node.op);
    if (mul == nullptr || mul->activation == Activation::kNone) return std::nullopt;
    const Tensor& one = graph_.tensor(node.inputs[1]);
    const bool is_one = one.constant && one.dtype == DType::kFloat32 && one.elements() == 1 && !one.data.empty() &&
                        one.data.as<float>()[0] == 1;
    return is_one ? std::optional(mul->activation) : std::nullopt;
  }

  const Run* find_run(const Node& node) {
    const bool converts = std::holds_alternative<Quantize>(node.op) || std::holds_alternative<Dequantize>(node.op);
    if (converts || node.outputs.size() != 1) return nullptr;
    run_ = {.real = node.outputs[0]};
    const bool fuses = can_fuse_activation(node.op) && activation_of(node.op) == Activation::kNone &&
                       !std::holds_alternative<Concatenation>(node.op);
    if (fuses && readers(run_.real).size() == 1 && !is_output(run_.real)) {
      const int at = readers(run_.real)[0];
      const Node& next = graph_.nodes[static_cast<std::size_t>(at)];
      if (const auto found = activation(next)) {
        run_.activation = *found;
        run_.real = next.outputs[0];
        run_.nodes.push_back(at);
      }
    }
    if (is_output(run_.real) || readers(run_.real).empty()) return nullptr;
    for (const int at : readers(run_.real)) {
      const Node& reader = graph_.nodes[static_cast<std::size_t>(at)];
      if (!std::holds_alternative<Quantize>(reader.op)) return nullptr;
      if (run_.out == kNoTensor) run_.out = reader.outputs[0];
      if (!same_parameters(graph_.tensor(reader.outputs[0]), graph_.tensor(run_.out))) return nullptr;
      run_.nodes.push_back(at);
    }
    return is_8bit(graph_.tensor(run_.out)) ? &run_ : nullptr;
  }

  // The Quantize nodes are gone; all of them made what the integer op makes now.
  void finish(const Run& run) {
    for (const int at : run.nodes) {
      done_[static_cast<std::size_t>(at)] = true;
      const Node& node = graph_.nodes[static_cast<std::size_t>(at)];
      if (std::holds_alternative<Quantize>(node.op) && node.outputs[0] != run.out) alias(node.outputs[0], run.out);
    }
    if (!is_output(run.out)) tensor(run.out).name = graph_.tensor(run.real).name;
  }
  void alias(TensorId id, TensorId other) {
    if (is_output(id))
      result_.add_node({.name = tensor(id).name, .op = Quantize{}, .inputs = {other}, .outputs = {id}});
    else
      now_[static_cast<std::size_t>(id)] = other;
  }

  // --- one op in integers -------------------------------------------------------------------------------
  bool integer(const Node& node, const Run& run) {
    Node made{.name = node.name, .op = node.op, .inputs = {}, .outputs = {run.out}};
    if (can_fuse_activation(made.op) && run.activation != Activation::kNone) set_activation(made.op, run.activation);
    const bool weighted = std::holds_alternative<Conv2D>(node.op) || std::holds_alternative<DepthwiseConv2D>(node.op) ||
                          std::holds_alternative<FullyConnected>(node.op);
    if (weighted) return layer(node, std::move(made));
    for (const TensorId id : node.inputs) {
      TensorId x = integers(id);
      if (x == kNoTensor && graph_.tensor(id).constant && graph_.tensor(id).dtype == DType::kFloat32)
        x = result_.add_tensor(quantized_constant(graph_.tensor(id), tensor(run.out).dtype));
      if (x == kNoTensor || !is_8bit(tensor(x)) || tensor(x).dtype != tensor(run.out).dtype) return false;
      made.inputs.push_back(x);
    }
    return std::visit([&](const auto& op) { return emit(op, made); }, node.op);
  }

  bool layer(const Node& node, Node made) {
    const TensorId x = integers(node.inputs[0]);
    TensorId w = integers(node.inputs[1]);
    if (x == kNoTensor || w == kNoTensor || !is_8bit(tensor(x)) || !tensor(w).constant) return false;
    if (tensor(x).dtype != tensor(made.outputs[0]).dtype || tensor(w).dtype != tensor(x).dtype) return false;
    Tensor centred = centred_weights(tensor(w));
    if (centred.quantization != tensor(w).quantization) w = result_.add_tensor(std::move(centred));
    made.inputs = {x, w};
    if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor) {
      const TensorId given = integers(node.inputs[2]);
      const Tensor& bias = given == kNoTensor ? graph_.tensor(node.inputs[2]) : tensor(given);
      if (!bias.constant) return false;
      made.inputs.push_back(result_.add_tensor(integer_bias(bias, tensor(x), tensor(w))));
    }
    result_.add_node(std::move(made));
    return true;
  }

  bool emit(const Add&, Node& made) { return plain(made); }
  bool emit(const Sub&, Node& made) { return plain(made); }
  bool emit(const Mul&, Node& made) { return plain(made); }
  bool emit(const Mean&, Node& made) { return plain(made); }
  bool emit(const Relu&, Node& made) { return plain(made); }
  bool emit(const Relu6&, Node& made) { return plain(made); }
  bool emit(const Reshape&, Node& made) { return keeps_parameters(made); }
  bool emit(const Transpose&, Node& made) { return keeps_parameters(made); }
  bool emit(const Pad&, Node& made) { return keeps_parameters(made); }
  bool emit(const MaxPool2D&, Node& made) { return keeps_parameters(made); }
  bool emit(const AveragePool2D&, Node& made) { return keeps_parameters(made); }
  bool emit(const Softmax&, Node& made) { return fixed_parameters(made); }
  bool emit(const Sigmoid&, Node& made) { return fixed_parameters(made); }
  bool emit(const Tanh&, Node& made) { return fixed_parameters(made); }
  bool emit(const HardSwish&, Node& made) {  // the kernel's multipliers reach no further
    constexpr float kReach = 128;
    const float x = tensor(made.inputs[0]).quantization.scale[0], y = tensor(made.outputs[0]).quantization.scale[0];
    return x < kReach * y && plain(made);
  }
  bool emit(const Concatenation&, Node& made) {
    const TensorId y = made.outputs[0];
    for (TensorId& x : made.inputs)  // the unsigned kernel rescales them itself
      if (tensor(y).dtype == DType::kInt8 && !same_parameters(tensor(x), tensor(y)))
        x = rescaled(tensor(y).name + "/" + tensor(x).name, x, tensor(y).quantization);
    return plain(made);
  }
  bool emit(const Swish&, Node& made) {  // x * sigmoid(x)
    const TensorId x = made.inputs[0];
    const TensorId gate = like(x, made.name + "/sigmoid", fixed_quantization(Sigmoid{}, tensor(x).dtype));
    result_.add_node({.name = made.name + "/sigmoid", .op = Sigmoid{}, .inputs = {x}, .outputs = {gate}});
    made.op = Mul{};
    made.inputs.push_back(gate);
    return plain(made);
  }
  bool emit(const HardSigmoid&, Node& made) {  // relu6(x + 3) / 6
    const TensorId x = made.inputs[0];
    const DType type = tensor(x).dtype;
    const auto number = [&](const char* name, float value) {
      return result_.add_tensor(quantized_constant({.name = made.name + name,
                                                    .shape = {1},
                                                    .dtype = DType::kFloat32,
                                                    .constant = true,
                                                    .data = Data::of(std::vector<float>{value})},
                                                   type));
    };
    const TensorId three = number("/three", 3), sixth = number("/sixth", 1.0f / 6);
    const std::string name = made.name + "/relu6";
    const TensorId sum = like(x, name, {.scale = {6.0f / 255}, .zero_point = {type == DType::kInt8 ? -128 : 0}});
    result_.add_node(
        {.name = name, .op = Add{.activation = Activation::kRelu6}, .inputs = {x, three}, .outputs = {sum}});
    made.op = Mul{};
    made.inputs = {sum, sixth};
    return plain(made);
  }
  bool emit(const auto&, Node&) { return false; }  // only in real numbers

  bool plain(Node& made) {
    result_.add_node(std::move(made));
    return true;
  }
  // Ops that hand on their input's integers: other parameters come behind.
  bool keeps_parameters(Node& made) { return with_parameters(made, tensor(made.inputs[0]).quantization); }
  bool fixed_parameters(Node& made) {
    return with_parameters(made, fixed_quantization(made.op, tensor(made.outputs[0]).dtype));
  }
  bool with_parameters(Node& made, const Quantization& parameters) {
    const TensorId y = made.outputs[0];
    if (tensor(y).quantization == parameters) return plain(made);
    const std::string name = made.name + "/unscaled";
    const TensorId own = like(y, name, parameters);
    made.outputs = {own};
    result_.add_node(made);
    result_.add_node({.name = made.name + "/rescaled", .op = Quantize{}, .inputs = {own}, .outputs = {y}});
    return true;
  }

  TensorId like(TensorId id, const std::string& name, const Quantization& parameters) {
    Tensor copy{.name = name, .shape = tensor(id).shape, .dtype = tensor(id).dtype, .quantization = parameters};
    return result_.add_tensor(std::move(copy));
  }
  TensorId rescaled(const std::string& name, TensorId x, const Quantization& parameters) {
    const TensorId y = like(x, name, parameters);
    result_.add_node({.name = name, .op = Quantize{}, .inputs = {x}, .outputs = {y}});
    return y;
  }

  const Graph& graph_;
  const Uses uses_;
  Graph result_;
  std::vector<bool> done_;
  std::vector<TensorId> now_;
  std::map<TensorId, TensorId> moved_;  // real numbers that are integers, moved
  Run run_;
};

}  // namespace

Quantization fixed_quantization(const Op& op, DType type) {
  if (std::holds_alternative<Tanh>(op)) return {.scale = {1.0f / 128}, .zero_point = {type == DType::kInt8 ? 0 : 128}};
  return {.scale = {1.0f / 256}, .zero_point = {type == DType::kInt8 ? -128 : 0}};
}

Graph integer_form(const Graph& graph) { return IntegerForm(graph).run(); }

}  // namespace Atoll::format
