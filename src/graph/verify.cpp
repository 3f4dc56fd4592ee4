#include <unordered_set>

#include "atoll/error.h"
#include "atoll/graph.h"
#include "graph/dynamic_shape.h"

namespace Atoll {
namespace {

void verify_tensor(const Tensor& tensor) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : tensor.shape)
    if (dim != kDynamic &&
        (dim < 0 || __builtin_mul_overflow(elements, dim, &elements) || elements > (std::int64_t{1} << 40)))
      fail("tensor '{}' has an impossible shape {}", tensor.name, tensor.shape.str());
  if (!tensor.data.empty() && tensor.data.size() != tensor.bytes())
    fail("tensor '{}' of {} {} holds {} bytes instead of {}", tensor.name, name_of(tensor.dtype), tensor.shape.str(),
         tensor.data.size(), tensor.bytes());
  const Quantization& q = tensor.quantization;
  if (q.scale.size() != q.zero_point.size())
    fail("tensor '{}' has {} scales but {} zero points", tensor.name, q.scale.size(), q.zero_point.size());
  if (!q.per_channel()) return;
  if (q.axis < 0 || q.axis >= tensor.shape.rank() || tensor.shape[q.axis] != static_cast<std::int64_t>(q.scale.size()))
    fail("tensor '{}' of {} has {} scales along axis {}", tensor.name, tensor.shape.str(), q.scale.size(), q.axis);
}

}  // namespace

void verify(const Graph& graph) {
  const auto count = static_cast<TensorId>(graph.tensors.size());
  for (const Tensor& tensor : graph.tensors) verify_tensor(tensor);

  std::vector<bool> defined(graph.tensors.size(), false);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) defined[i] = graph.tensors[i].constant;
  const auto known = [&](TensorId id) { return id >= 0 && id < count; };
  for (const TensorId id : graph.inputs) {
    if (!known(id)) fail("the graph names tensor {} as an input, but has {} tensors", id, count);
    defined[static_cast<std::size_t>(id)] = true;
  }
  for (const Node& node : graph.nodes) {
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor) continue;
      if (!known(id)) fail("{} '{}' reads tensor {}, but there are {}", name_of(node.op), node.name, id, count);
      if (!defined[static_cast<std::size_t>(id)])
        fail("{} '{}' reads tensor '{}' before anything has written it", name_of(node.op), node.name,
             graph.tensor(id).name);
      if (is_dynamic(graph.tensor(id).shape) && !std::holds_alternative<Opaque>(node.op))
        fail("{} '{}' reads tensor '{}' of {}, where -1 is known only at run time", name_of(node.op), node.name,
             graph.tensor(id).name, graph.tensor(id).shape.str());
    }
    for (const TensorId id : node.outputs) {
      if (!known(id)) fail("{} '{}' writes tensor {}, but there are {}", name_of(node.op), node.name, id, count);
      if (defined[static_cast<std::size_t>(id)])
        fail("{} '{}' writes tensor '{}', which already has a value", name_of(node.op), node.name,
             graph.tensor(id).name);
      defined[static_cast<std::size_t>(id)] = true;
    }
    const std::vector<Shape> shapes = infer_shapes(graph, node);
    if (shapes.size() != node.outputs.size())
      fail("{} '{}' has {} outputs instead of {}", name_of(node.op), node.name, node.outputs.size(), shapes.size());
    for (std::size_t i = 0; i < shapes.size(); ++i)
      if (!(shapes[i] == graph.tensor(node.outputs[i]).shape))
        fail("{} '{}' makes {}, but its output '{}' is declared as {}", name_of(node.op), node.name, shapes[i].str(),
             graph.tensor(node.outputs[i]).name, graph.tensor(node.outputs[i]).shape.str());
  }
  for (const TensorId id : graph.outputs)
    if (!known(id) || !defined[static_cast<std::size_t>(id)]) fail("the graph's output {} is never computed", id);
}

}  // namespace Atoll
