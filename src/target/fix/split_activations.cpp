// The chip has no pooling and no concatenation with a fused activation. In a quantized network the activation as
// an op of its own, with the same scale before and after it, clamps to the same integers.
#include "target/fix/passes.h"

namespace Atoll::fix {
namespace {

bool cannot_fuse(const Op& op) {
  return std::holds_alternative<AveragePool2D>(op) || std::holds_alternative<MaxPool2D>(op) ||
         std::holds_alternative<Concatenation>(op);
}

}  // namespace

void split_activations(Graph& graph, Notes& notes) {
  const std::vector<Node> nodes = std::move(graph.nodes);
  graph.nodes.clear();
  std::size_t count = 0;
  for (Node node : nodes) {
    const Activation activation = activation_of(node.op);
    const bool has_op = activation == Activation::kRelu || activation == Activation::kRelu6;
    if (!cannot_fuse(node.op) || !has_op) {
      graph.add_node(std::move(node));
      continue;
    }
    Tensor before = graph.tensor(node.outputs[0]);
    before.name += "/before_activation";
    const TensorId out = node.outputs[0], middle = graph.add_tensor(std::move(before));
    set_activation(node.op, Activation::kNone);
    node.outputs = {middle};
    Node after{.name = node.name + "/activation", .op = Relu{}, .inputs = {middle}, .outputs = {out}};
    if (activation == Activation::kRelu6) after.op = Relu6{};
    graph.add_node(std::move(node));
    graph.add_node(std::move(after));
    ++count;
  }
  if (count > 0)
    notes.done.push_back(plural(count, "activation") + " fused into pooling or concatenation became ops of their own");
}

}  // namespace Atoll::fix
