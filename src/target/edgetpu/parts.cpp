// Networks as parts: the layers of each are known, and only what depends on all of them is computed anew.
#include <algorithm>

#include "target/deployed.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/edgetpu_target.h"

namespace Atoll::edgetpu {
namespace {

struct LayerPart final : Part {
  std::vector<Layer> layers;
  Traffic traffic;
};

}  // namespace

std::shared_ptr<const Part> EdgeTpuTarget::part(const Graph& graph) const {
  const Deployed network = deployed(graph);
  if (network.graph.inputs.size() != 1 || network.graph.outputs.size() != 1) return nullptr;
  Analysis analysis = analyse(chip_, network);
  const bool mapped = std::all_of(analysis.placement.subgraph.begin(), analysis.placement.subgraph.end(),
                                  [](int subgraph) { return subgraph == 0; });
  if (!mapped || analysis.subgraphs.size() != 1) return nullptr;
  auto part = std::make_shared<LayerPart>();
  part->layers = std::move(analysis.subgraphs[0].layers);
  part->traffic = analysis.subgraphs[0].boundary.traffic;
  return part;
}

PartsCost EdgeTpuTarget::cost(std::span<const Part* const> parts) const {
  SubgraphAnalysis whole;
  std::size_t count = 0;
  for (const Part* part : parts) count += static_cast<const LayerPart&>(*part).layers.size();
  whole.layers.reserve(count);
  for (const Part* part : parts) {
    const std::vector<Layer>& layers = static_cast<const LayerPart&>(*part).layers;
    const auto first_node = static_cast<int>(whole.layers.size());
    whole.layers.insert(whole.layers.end(), layers.begin(), layers.end());
    for (std::size_t i = whole.layers.size() - layers.size(); i < whole.layers.size(); ++i)
      whole.layers[i].node += first_node;
  }
  const Traffic &first = static_cast<const LayerPart&>(*parts.front()).traffic,
                &last = static_cast<const LayerPart&>(*parts.back()).traffic;
  whole.boundary = {{first.input_bytes, last.output_bytes, last.output_positions}, 1, 1};
  analyse(chip_, whole, 0);
  return {whole.time.total_ms, whole.cache.onchip_bytes, whole.cache.offchip_bytes};
}

}  // namespace Atoll::edgetpu
