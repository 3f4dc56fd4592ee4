// LayerPlaces: where the layers of a zoo network stand, read from their names ("stage3/block2/expand"), for those
// who must find what other projects call them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "atoll/graph.h"

namespace Atoll::format {

struct LayerPlace {
  std::string layer;         // "expand"; the whole path outside of blocks
  std::string scope;         // "stage3/block2", "block2", or nothing
  int stage = 0, block = 0;  // from 0, the block within its stage
  int index = 0;             // of the block in the network
};

class LayerPlaces {
 public:
  explicit LayerPlaces(const Graph& graph);
  LayerPlace of(const std::string& layer) const;
  // Whether the block in which `place` lies has a layer of this name.
  bool has(const LayerPlace& place, const char* layer) const { return has(place.scope + "/" + layer); }
  bool has(const std::string& layer) const { return layers_.contains(layer); }
  int blocks() const { return static_cast<int>(block_index_.size()); }

 private:
  std::set<std::string> layers_;            // of all nodes
  std::map<std::string, int> block_index_;  // by scope, in the order of execution
};

}  // namespace Atoll::format
