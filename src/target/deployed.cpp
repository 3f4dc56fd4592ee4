#include "target/deployed.h"

#include <algorithm>

namespace Atoll {
namespace {

bool takes_weights(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

const Tensor* weights_of(const Graph& graph, const Node& node) {
  if (!takes_weights(node.op) || node.inputs.size() < 2 || node.inputs[1] == kNoTensor) return nullptr;
  return &graph.tensor(node.inputs[1]);
}

bool is_integer(DType type) { return type == DType::kInt8 || type == DType::kUInt8 || type == DType::kInt16; }

// A network whose weighted layers run in float: neither their weights nor their outputs are integers.
bool is_float(const Graph& graph) {
  bool any_weights = false;
  for (const Node& node : graph.nodes) {
    const Tensor* weights = weights_of(graph, node);
    if (weights == nullptr) continue;
    any_weights = true;
    if (!node.outputs.empty() && is_integer(graph.tensor(node.outputs[0]).dtype)) return false;
  }
  if (any_weights) return true;
  return std::none_of(graph.tensors.begin(), graph.tensors.end(), [](const Tensor& t) { return is_integer(t.dtype); });
}

// float16 weights behind a Dequantize: constants, once the network is another type anyway. Values are not needed.
Graph without_dequantized_constants(const Graph& graph) {
  Graph result = graph;
  std::erase_if(result.nodes, [&](const Node& node) {
    const bool constant = std::holds_alternative<Dequantize>(node.op) && graph.tensor(node.inputs[0]).constant;
    if (constant) result.tensor(node.outputs[0]).constant = true;
    return constant;
  });
  return result.nodes.size() == graph.nodes.size() ? graph : prune_unused(result);
}

}  // namespace

Deployed deployed(const Graph& graph) {
  if (is_float(graph)) return {lower_to_tflite_ops(to_inference(without_dequantized_constants(graph))), true, true};
  Deployed result{graph, false, false};
  for (const Node& node : graph.nodes)
    if (const Tensor* weights = weights_of(graph, node))
      result.int8 |= weights->quantization.per_channel() ||
                     (!node.outputs.empty() && graph.tensor(node.outputs[0]).dtype == DType::kInt8);
  return result;
}

}  // namespace Atoll
