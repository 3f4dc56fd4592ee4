#include "target/edgetpu/analysis.h"

#include <algorithm>

#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

// The host's share, for ops that do not map.
double host_ms(const Host& host, const Node& node, const Layer& layer) {
  if (const auto* op = std::get_if<Opaque>(&node.op); op != nullptr && op->type.ends_with("Detection_PostProcess"))
    return static_cast<double>(layer.in_bytes) * host.detection_ns_per_value * 1e-6;
  return static_cast<double>(layer.macs) / (host.gmac_per_s * 1e6) +
         static_cast<double>(layer.in_bytes + layer.out_bytes) / (host.mb_per_s * 1e3);
}

}  // namespace

void analyse(const Chip& chip, SubgraphAnalysis& part, std::int64_t cache_taken) {
  part.instructions = instruction_bytes(chip, part.layers);
  part.cache = allocate(chip, part.layers, cache_taken);
  part.time = timeline(chip, part.layers, part.cache, part.boundary.traffic, part.instructions);
}

Analysis analyse(const Chip& chip, const Deployed& deployed, bool multiple_subgraphs, std::int64_t cache_taken) {
  const Graph& graph = deployed.graph;
  std::vector<bool> maps(graph.nodes.size());
  for (std::size_t i = 0; i < maps.size(); ++i)
    maps[i] = judge(OpView(graph, graph.nodes[i], deployed.float_source)).status == MapStatus::kMapped;

  Analysis result;
  result.placement = place(graph, maps, multiple_subgraphs);
  result.node_cpu_ms.assign(graph.nodes.size(), 0);
  result.subgraphs.resize(static_cast<std::size_t>(result.placement.subgraphs));
  for (const Layer& layer : layers_of(graph, deployed.int8)) {
    const auto node = static_cast<std::size_t>(layer.node);
    const int subgraph = result.placement.subgraph[node];
    if (subgraph >= 0) {
      result.subgraphs[static_cast<std::size_t>(subgraph)].layers.push_back(layer);
    } else {
      result.node_cpu_ms[node] = host_ms(chip.host, graph.nodes[node], layer);
      result.cpu_ms += result.node_cpu_ms[node];
    }
  }

  result.total_ms = result.first_ms = result.cpu_ms;
  std::int64_t taken = cache_taken;  // of the cache, by earlier models and subgraphs
  for (std::size_t i = 0; i < result.subgraphs.size(); ++i) {
    SubgraphAnalysis& part = result.subgraphs[i];
    part.boundary = boundary_of(graph, result.placement, static_cast<int>(i));
    analyse(chip, part, taken);
    taken += part.cache.onchip_bytes;
    result.onchip_bytes += part.cache.onchip_bytes;
    result.offchip_bytes += part.cache.offchip_bytes;
    result.free_bytes = part.cache.free_bytes;
    result.total_ms += part.time.total_ms;
    result.first_ms += part.time.first_ms;
    result.energy_mj += part.time.energy_mj;
  }
  return result;
}

}  // namespace Atoll::edgetpu
