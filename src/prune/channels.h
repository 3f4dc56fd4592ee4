// What the passes over channels share.
#pragma once

#include "atoll/prune.h"

namespace Atoll::pruning {

bool has_channels(const Op& op);  // layers whose weights make channels
bool is_grouped(const Op& op);
std::int64_t last_dimension(const Tensor& tensor);  // 1 for a scalar

// What every set of every group is worth, in the order of the map; what makes no channel (padding) is worth nothing.
std::vector<std::vector<double>> importance_of(const Graph& graph, const ChannelMap& map,
                                               std::shared_ptr<const Dataset> data, const ChannelPruneOptions& options);

// Which elements to remove.
std::vector<bool> choose_channels(const Graph& graph, const ChannelMap& map,
                                  const std::vector<std::vector<double>>& importance, const Target* target,
                                  const ChannelPruneOptions& options);

}  // namespace Atoll::pruning
