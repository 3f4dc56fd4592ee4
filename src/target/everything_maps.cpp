#include "target/everything_maps.h"

#include "target/deployed.h"
#include "target/edgetpu/op_names.h"

namespace Atoll {

CheckReport everything_maps(const Graph& graph) {
  CheckReport report;
  report.graph = deployed(graph).graph;
  report.mapped_ops = report.total_ops = static_cast<int>(report.graph.nodes.size());
  report.subgraphs = 1;
  for (std::size_t i = 0; i < report.graph.nodes.size(); ++i) {
    const Node& node = report.graph.nodes[i];
    report.ops.push_back({.node = static_cast<int>(i), .name = node.name, .op = edgetpu::compiler_name(node.op)});
  }
  report.model_bytes = report.compiled_bytes = cost_of(report.graph).weight_bytes;
  return report;
}

}  // namespace Atoll
