#include "graph/rewrite.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "atoll/error.h"

namespace Atoll {
namespace rewrite {

Graph without_nodes(const Graph& graph) {
  Graph copy = graph;
  copy.nodes.clear();
  return copy;
}

TensorId append(Graph& graph, std::string name, Op op, std::vector<TensorId> inputs) {
  Node node{.name = std::move(name), .op = std::move(op), .inputs = std::move(inputs), .outputs = {}};
  const Shape shape = infer_shapes(graph, node)[0];
  const Tensor& like = graph.tensor(node.inputs[0]);
  const TensorId out =
      graph.add_tensor({.name = node.name, .shape = shape, .dtype = like.dtype, .quantization = like.quantization});
  node.outputs = {out};
  graph.add_node(std::move(node));
  return out;
}

std::vector<float> values_of(const Graph& graph, TensorId id) {
  const std::span<const float> values = graph.tensor(id).data.as<float>();
  return {values.begin(), values.end()};
}

namespace {

template <typename Items>
void name_once(Items& items) {
  std::unordered_set<std::string> taken;
  for (auto& item : items) {
    const std::string name = item.name;
    for (int n = 2; !taken.insert(item.name).second; ++n) item.name = fmt::format("{}#{}", name, n);
  }
}

}  // namespace

Graph with_unique_names(const Graph& graph) {
  Graph result = graph;
  name_once(result.tensors);
  name_once(result.nodes);
  return result;
}

}  // namespace rewrite

namespace {

// Ops that Atoll does not run, but that are known to do the same to every image of a batch, with no constant
// that says how many there are.
bool works_image_by_image(const Opaque& op) {
  constexpr std::array kSuch = {"ARG_MAX",
                                "ARG_MIN",
                                "RESIZE_BILINEAR",
                                "RESIZE_NEAREST_NEIGHBOR",
                                "DEPTH_TO_SPACE",
                                "SPACE_TO_DEPTH",
                                "PRELU",
                                "LEAKY_RELU",
                                "ELU",
                                "GELU",
                                "RELU_N1_TO_1",
                                "RELU_0_TO_1",
                                "MAXIMUM",
                                "MINIMUM",
                                "SQUARED_DIFFERENCE",
                                "DIV",
                                "ABS",
                                "NEG",
                                "EXP",
                                "LOG",
                                "SQRT",
                                "RSQRT",
                                "SQUARE",
                                "CAST",
                                "L2_NORMALIZATION",
                                "LOG_SOFTMAX",
                                "LOCAL_RESPONSE_NORMALIZATION"};
  return std::find(kSuch.begin(), kSuch.end(), op.type) != kSuch.end();
}

}  // namespace

Graph with_batch(const Graph& graph, std::int64_t batch) {
  if (batch < 1) fail("a batch of {} is impossible: it must be at least 1", batch);
  Graph copy = graph;
  const std::int64_t old = graph.inputs.empty() ? batch : graph.input().shape[0];
  if (old == batch) return copy;
  for (const TensorId id : copy.inputs) copy.tensor(id).shape[0] = batch;
  for (Node& node : copy.nodes)
    if (auto* reshape = std::get_if<Reshape>(&node.op); reshape && reshape->shape.rank() > 0) {
      if (reshape->shape[0] % old != 0)
        fail("Reshape '{}' mixes the batch with other dimensions, so the batch cannot be changed", node.name);
      reshape->shape[0] = reshape->shape[0] / old * batch;
    } else if (const auto* op = std::get_if<Opaque>(&node.op)) {
      for (const TensorId id : node.outputs) {
        Shape& shape = copy.tensor(id).shape;
        if (!works_image_by_image(*op) || shape.rank() == 0 || shape[0] != old)
          fail("the batch cannot be changed across '{}', which Atoll does not know", name_of(node.op));
        shape[0] = batch;
      }
    }
  infer_all_shapes(copy);
  verify(copy);
  return copy;
}

Graph prune_unused(const Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (const TensorId id : graph.outputs) needed[static_cast<std::size_t>(id)] = true;
  for (const TensorId id : graph.inputs) needed[static_cast<std::size_t>(id)] = true;
  std::vector<bool> keep(graph.nodes.size(), false);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    keep[i] = std::any_of(node.outputs.begin(), node.outputs.end(),
                          [&](TensorId id) { return needed[static_cast<std::size_t>(id)]; });
    if (!keep[i]) continue;
    for (const TensorId id : node.inputs)
      if (id != kNoTensor) needed[static_cast<std::size_t>(id)] = true;
    for (const TensorId id : node.outputs) needed[static_cast<std::size_t>(id)] = true;
  }

  Graph result = graph;
  result.tensors.clear();
  result.nodes.clear();
  std::vector<TensorId> renamed(graph.tensors.size(), kNoTensor);
  for (std::size_t id = 0; id < graph.tensors.size(); ++id)
    if (needed[id]) renamed[id] = result.add_tensor(graph.tensors[id]);
  const auto rename = [&](std::vector<TensorId>& ids) {
    for (TensorId& id : ids)
      if (id != kNoTensor) id = renamed[static_cast<std::size_t>(id)];
  };
  rename(result.inputs);
  rename(result.outputs);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!keep[i]) continue;
    Node& node = result.add_node(graph.nodes[i]);
    rename(node.inputs);
    rename(node.outputs);
  }
  return result;
}

}  // namespace Atoll
