#include "format/onnx/fuse_activations.h"

#include <cmath>
#include <utility>

namespace Atoll::format {
namespace {

class Fuser {
 public:
  explicit Fuser(Graph graph) : graph_(std::move(graph)), producer_(uses_of(graph_).producer) {}

  Graph run() {
    for (Node& node : graph_.nodes) {
      const auto* mul = std::get_if<Mul>(&node.op);
      if (mul == nullptr || mul->activation != Activation::kNone || node.inputs.size() != 2) continue;
      const TensorId a = node.inputs[0], b = node.inputs[1];
      if (!fuse(node, a, b)) fuse(node, b, a);
    }
    return std::move(graph_);
  }

 private:
  // node = a * b
  bool fuse(Node& node, TensorId a, TensorId b) {
    if (const Node* gate = maker<Sigmoid>(b); gate && gate->inputs[0] == a) return become(node, Swish{}, a);
    if (const Node* gate = maker<HardSigmoid>(b); gate && gate->inputs[0] == a) return become(node, HardSwish{}, a);
    if (!is_number(b, 1.0f / 6)) return false;
    if (const TensorId x = clipped(a); x != kNoTensor) return become(node, HardSigmoid{}, x);
    const Node* product = maker<Mul>(a);
    if (product == nullptr) return false;
    const TensorId p = product->inputs[0], q = product->inputs[1];
    if (clipped(q) == p) return become(node, HardSwish{}, p);
    if (clipped(p) == q) return become(node, HardSwish{}, q);
    return false;
  }

  bool become(Node& node, Op op, TensorId x) {
    if (!(graph_.tensor(x).shape == graph_.tensor(node.outputs[0]).shape)) return false;
    node.op = std::move(op);
    node.inputs = {x};
    return true;
  }

  // x, where `id` is relu6(x + 3).
  TensorId clipped(TensorId id) const {
    const Node* sum = maker<Add>(id);
    const bool fused = sum != nullptr && std::get<Add>(sum->op).activation == Activation::kRelu6;
    if (!fused) {
      const Node* relu6 = maker<Relu6>(id);
      sum = relu6 ? maker<Add>(relu6->inputs[0]) : nullptr;
      if (sum == nullptr || std::get<Add>(sum->op).activation != Activation::kNone) return kNoTensor;
    }
    if (is_number(sum->inputs[1], 3)) return sum->inputs[0];
    return is_number(sum->inputs[0], 3) ? sum->inputs[1] : kNoTensor;
  }

  template <typename T>
  const Node* maker(TensorId id) const {
    const int at = producer_[static_cast<std::size_t>(id)];
    if (at < 0 || graph_.tensor(id).dtype != DType::kFloat32) return nullptr;
    const Node& node = graph_.nodes[static_cast<std::size_t>(at)];
    return std::holds_alternative<T>(node.op) ? &node : nullptr;
  }

  bool is_number(TensorId id, float value) const {
    const Tensor& tensor = graph_.tensor(id);
    return tensor.constant && tensor.dtype == DType::kFloat32 && tensor.elements() == 1 && !tensor.data.empty() &&
           std::abs(tensor.data.as<float>()[0] - value) < 1e-6f;
  }

  Graph graph_;
  const std::vector<int> producer_;
};

}  // namespace

Graph fuse_activations(Graph graph) { return Fuser(std::move(graph)).run(); }

}  // namespace Atoll::format
