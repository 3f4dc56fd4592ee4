// Keras' Flatten and the like leave SHAPE, STRIDED_SLICE and PACK in the file, which compute at run time the shape
// that a RESHAPE asks for. With static shapes the file declares it as well.
#include "graph/dynamic_shape.h"
#include "target/edgetpu/op_names.h"
#include "target/fix/passes.h"

namespace Atoll::fix {

void constant_shapes(Graph& graph, Notes& notes) {
  std::size_t count = 0;
  for (Node& node : graph.nodes) {
    if (!std::holds_alternative<Opaque>(node.op) || edgetpu::compiler_name(node.op) != "RESHAPE") continue;
    if (node.inputs.size() != 2 || node.outputs.size() != 1 || node.inputs[0] == kNoTensor) continue;
    if (node.inputs[1] == kNoTensor || graph.tensor(node.inputs[1]).constant) continue;
    const Tensor &x = graph.tensor(node.inputs[0]), &out = graph.tensor(node.outputs[0]);
    if (is_dynamic(x.shape) || is_dynamic(out.shape) || x.elements() != out.elements() || x.dtype != out.dtype) {
      notes.left.push_back("RESHAPE '" + node.name + "' keeps the shape that is computed at run time: not every " +
                           "dimension is known");
      continue;
    }
    node.op = Reshape{.shape = out.shape};
    node.inputs.resize(1);
    ++count;
  }
  if (count == 0) return;
  graph = prune_unused(graph);
  notes.done.push_back(plural(count, "shape") + " computed at run time became constant");
}

}  // namespace Atoll::fix
