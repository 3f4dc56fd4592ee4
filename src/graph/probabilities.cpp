// The end of a classifier: logits or probabilities.
#include "graph/probabilities.h"

namespace Atoll {
namespace {

bool keeps_values(const Op& op) {
  return std::holds_alternative<Reshape>(op) || std::holds_alternative<Transpose>(op) ||
         std::holds_alternative<Quantize>(op) || std::holds_alternative<Dequantize>(op);
}

}  // namespace

int probabilities_node(const Graph& graph, std::size_t output) {
  const Uses uses = uses_of(graph);
  TensorId id = graph.outputs[output];
  for (;;) {
    const int producer = uses.producer[static_cast<std::size_t>(id)];
    if (producer < 0) return -1;
    const Node& node = graph.nodes[static_cast<std::size_t>(producer)];
    if (std::holds_alternative<Softmax>(node.op) || std::holds_alternative<Sigmoid>(node.op)) return producer;
    if (!keeps_values(node.op)) return -1;
    id = node.inputs[0];
  }
}

bool gives_probabilities(const Graph& graph, std::size_t output) { return probabilities_node(graph, output) >= 0; }

Graph with_softmax(const Graph& graph) {
  Graph result = graph;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const Tensor& logits = graph.output(i);
    if (gives_probabilities(graph, i) || logits.shape.rank() != 2) continue;
    const std::string name = graph.outputs.size() == 1 ? "probabilities" : logits.name + "/probabilities";
    const TensorId out = result.add_tensor({.name = name, .shape = logits.shape});
    result.add_node({.name = name, .op = Softmax{}, .inputs = {graph.outputs[i]}, .outputs = {out}});
    result.outputs[i] = out;
  }
  return result;
}

}  // namespace Atoll
