// Activations that the chip does not have, or pays two ops for, become ReLU or ReLU6. Only on request: it is
// another network, which wants fine-tuning.
#include <array>
#include <map>

#include "target/edgetpu/op_names.h"
#include "target/fix/passes.h"

namespace Atoll::fix {
namespace {

constexpr std::array kReplaced = {"SWISH", "HARD_SWISH", "GELU", "ELU", "LEAKY_RELU"};

// x * sigmoid(x), as a .tflite file writes SiLU: the id of x, or kNoTensor.
TensorId silu_input(const Graph& graph, const Uses& uses, const Node& node) {
  if (!std::holds_alternative<Mul>(node.op) || activation_of(node.op) != Activation::kNone) return kNoTensor;
  for (const int i : {0, 1}) {
    const TensorId gate = node.inputs[static_cast<std::size_t>(i)], x = node.inputs[static_cast<std::size_t>(1 - i)];
    const int maker = gate == kNoTensor ? -1 : uses.producer[static_cast<std::size_t>(gate)];
    if (maker < 0) continue;
    const Node& sigmoid = graph.nodes[static_cast<std::size_t>(maker)];
    if (std::holds_alternative<Sigmoid>(sigmoid.op) && sigmoid.inputs[0] == x) return x;
  }
  return kNoTensor;
}

}  // namespace

void replace_activations(Graph& graph, Activation activation, Notes& notes) {
  const Uses uses = uses_of(graph);
  std::map<std::string, std::size_t> count;
  for (Node& node : graph.nodes) {
    std::string name = edgetpu::compiler_name(node.op);
    TensorId x = kNoTensor;
    for (const char* replaced : kReplaced)
      if (name == replaced && !node.inputs.empty() && node.outputs.size() == 1) x = node.inputs[0];
    if (const TensorId silu = silu_input(graph, uses, node); silu != kNoTensor) {
      x = silu;
      name = "SiLU (LOGISTIC and MUL)";
    }
    if (x == kNoTensor || graph.tensor(x).dtype != graph.tensor(node.outputs[0]).dtype) continue;
    if (activation == Activation::kRelu6)
      node.op = Relu6{};
    else
      node.op = Relu{};
    node.inputs = {x};
    node.version = 1;
    ++count[name];
  }
  for (const auto& [name, n] : count)
    notes.done.push_back(std::to_string(n) + " " + name + " became " +
                         (activation == Activation::kRelu6 ? "RELU6" : "RELU"));
}

}  // namespace Atoll::fix
