#include "atoll/error.h"
#include "atoll/train.h"

namespace Atoll {

void require_float_weights(const Graph& graph, std::string_view purpose) {
  if (const std::string scheme = scheme_of(graph); scheme != "float32")
    fail("'{}' is {}, but only a float32 network can be {}", graph.name, scheme, purpose);
  for (const Node& node : graph.nodes)
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor) continue;
      const Tensor& tensor = graph.tensor(id);
      if (tensor.constant && tensor.data.empty() && tensor.elements() > 0)
        fail("'{}' cannot be {}: it has no weights ({} '{}' has no values)", graph.name, purpose, name_of(node.op),
             node.name);
    }
}

}  // namespace Atoll
