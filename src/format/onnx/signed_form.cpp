#include <algorithm>

#include "format/onnx/integer_form.h"

namespace Atoll::format {
namespace {

bool is_uint8(const Tensor& tensor) { return tensor.dtype == DType::kUInt8 && !tensor.quantization.empty(); }

bool takes_weights(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

// Whether the network is TFLite's older, unsigned kind: uint8 weights with one scale or a uint8 input, and nothing
// signed.
bool is_unsigned_network(const Graph& graph) {
  const Uses uses = uses_of(graph);
  bool is_unsigned = std::any_of(graph.inputs.begin(), graph.inputs.end(),
                                 [&](TensorId id) { return graph.tensor(id).dtype == DType::kUInt8; });
  for (const Node& node : graph.nodes) {
    if (!takes_weights(node.op)) continue;
    const int maker = uses.producer[static_cast<std::size_t>(node.inputs[1])];
    if (maker < 0) continue;
    const Tensor& weights = graph.tensor(graph.nodes[static_cast<std::size_t>(maker)].inputs[0]);
    is_unsigned |= is_uint8(weights) && !weights.quantization.per_channel();
  }
  return is_unsigned && std::none_of(graph.tensors.begin(), graph.tensors.end(),
                                     [](const Tensor& tensor) { return tensor.dtype == DType::kInt8; });
}

void make_signed(Tensor& tensor) {
  tensor.dtype = DType::kInt8;
  for (std::int32_t& zero_point : tensor.quantization.zero_point) zero_point -= 128;
  if (!tensor.constant) return;
  const std::span<const std::byte> old = tensor.data.bytes();
  std::vector<std::byte> values(old.begin(), old.end());
  for (std::byte& value : values) value ^= std::byte{0x80};
  tensor.data = Data(std::move(values));
}

}  // namespace

Graph signed_form(Graph graph) {
  const bool quantizes = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                     [](const Node& node) { return std::holds_alternative<Quantize>(node.op); });
  if (!quantizes || is_unsigned_network(graph)) return graph;
  std::vector<TensorId> replaced(graph.tensors.size());
  for (std::size_t i = 0; i < replaced.size(); ++i) replaced[i] = static_cast<TensorId>(i);
  std::vector<Node> nodes;
  for (const TensorId input : graph.inputs) {
    if (!is_uint8(graph.tensor(input))) continue;
    Tensor inside = graph.tensor(input);
    inside.name += "/int8";
    make_signed(inside);
    const std::string name = inside.name;
    const TensorId id = replaced[static_cast<std::size_t>(input)] = graph.add_tensor(std::move(inside));
    nodes.push_back({.name = name, .op = Quantize{}, .inputs = {input}, .outputs = {id}});
  }
  for (Node& node : graph.nodes) {
    for (TensorId& id : node.inputs)
      if (id != kNoTensor) id = replaced[static_cast<std::size_t>(id)];
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  std::vector<bool> is_input(graph.tensors.size(), false);
  for (const TensorId id : graph.inputs) is_input[static_cast<std::size_t>(id)] = true;
  for (TensorId& output : graph.outputs) {
    if (!is_uint8(graph.tensor(output)) || is_input[static_cast<std::size_t>(output)]) continue;
    const TensorId outside = graph.add_tensor(graph.tensor(output));
    is_input.push_back(true);  // stays unsigned
    graph.tensor(output).name += "/int8";
    graph.add_node({.name = graph.tensor(outside).name, .op = Quantize{}, .inputs = {output}, .outputs = {outside}});
    output = outside;
  }
  for (std::size_t i = 0; i < graph.tensors.size(); ++i)
    if (!is_input[i] && is_uint8(graph.tensors[i])) make_signed(graph.tensors[i]);
  return graph;
}

}  // namespace Atoll::format
