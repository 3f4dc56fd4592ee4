#include "format/layer_places.h"

#include <cstdio>

namespace Atoll::format {
namespace {

// "stage3/block2" of "stage3/block2/expand", "block2" of "block2/pointwise"; nothing outside of blocks.
std::string scope_of(const std::string& layer) {
  const std::size_t block = layer.starts_with("block") ? 0 : layer.find("/block");
  const std::size_t end = block == std::string::npos ? block : layer.find('/', block + 1);
  return end == std::string::npos ? std::string() : layer.substr(0, end);
}

}  // namespace

LayerPlaces::LayerPlaces(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    layers_.insert(node.name);
    const std::string scope = scope_of(node.name);
    if (!scope.empty()) block_index_.emplace(scope, static_cast<int>(block_index_.size()));
  }
}

LayerPlace LayerPlaces::of(const std::string& layer) const {
  LayerPlace place{.layer = layer, .scope = scope_of(layer)};
  if (place.scope.empty()) return place;
  place.layer = layer.substr(place.scope.size() + 1);
  const auto index = block_index_.find(place.scope);
  if (index != block_index_.end()) place.index = index->second;
  if (std::sscanf(place.scope.c_str(), "stage%d/block%d", &place.stage, &place.block) != 2) return place;
  --place.stage;
  --place.block;
  return place;
}

}  // namespace Atoll::format
