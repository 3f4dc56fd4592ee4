// ArgMax and ArgMin of TensorFlow answer 64-bit indices unless they are asked for 32-bit ones.
#include <algorithm>

#include "format/opaque_options.h"
#include "target/edgetpu/op_names.h"
#include "target/fix/passes.h"

namespace Atoll::fix {
namespace {

constexpr std::int8_t kTfliteInt32 = 2;  // in TFLite's enum of types, the one option of both ops

}  // namespace

void short_indices(Graph& graph, Notes& notes) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    const std::string name = edgetpu::compiler_name(node.op);
    auto* op = std::get_if<Opaque>(&node.op);
    if (op == nullptr || (name != "ARG_MAX" && name != "ARG_MIN") || node.outputs.size() != 1) continue;
    const TensorId out = node.outputs[0];
    if (graph.tensor(out).dtype != DType::kInt64) continue;

    // A CAST of the indices to 32 bits is then no work at all; no other op may have counted on 64.
    const std::vector<int> readers = uses_of(graph).consumers[static_cast<std::size_t>(out)];
    const auto to_int32 = [&](int reader) {
      const Node& cast = graph.nodes[static_cast<std::size_t>(reader)];
      return edgetpu::compiler_name(cast.op) == "CAST" && graph.tensor(cast.outputs[0]).dtype == DType::kInt32;
    };
    if (!std::all_of(readers.begin(), readers.end(), to_int32)) {
      notes.left.push_back(name + " '" + node.name + "' keeps its int64 indices: an op behind it reads them");
      continue;
    }
    if (!opaque_options::set_byte(*op, 0, kTfliteInt32)) continue;
    graph.tensor(out).dtype = DType::kInt32;
    for (const int reader : readers) redirect(graph, graph.nodes[static_cast<std::size_t>(reader)].outputs[0], out);
    notes.done.push_back(name + " '" + node.name + "' answers int32 indices instead of int64");
  }
}

}  // namespace Atoll::fix
