#include <algorithm>

#include "atoll/error.h"
#include "prune/channels.h"

namespace Atoll {
namespace {

void check(const Target* target, const ChannelPruneOptions& options) {
  const bool by_time = options.target_latency_ms != 0;
  if (by_time && !(options.target_latency_ms > 0))
    fail("the latency to reach is {} ms, but must be above 0", options.target_latency_ms);
  if (by_time && !target) fail("a latency of {} ms needs a target that predicts it", options.target_latency_ms);
  if (by_time && options.sparsity != 0) fail("a latency and a sparsity cannot both be the goal");
  if (!by_time && !(options.sparsity >= 0 && options.sparsity < 1))
    fail("the sparsity is {}, but must be in [0, 1)", options.sparsity);
  if (!(options.keep > 0 && options.keep <= 1))
    fail("the share of channels that stay is {}, but must be in (0, 1]", options.keep);
  if (options.images < 1) fail("{} pictures cannot judge channels: at least 1 is needed", options.images);
}

std::vector<GroupWidth> widths_of(const ChannelMap& map, const std::vector<bool>& removed) {
  std::vector<GroupWidth> widths;
  for (const ChannelGroup& group : map.groups) {
    GroupWidth width{group.name, std::ssize(group.sets), 0};
    for (const std::vector<std::int64_t>& set : group.sets)
      width.after += !removed[static_cast<std::size_t>(set.front())];
    if (width.after < width.before) widths.push_back(std::move(width));
  }
  return widths;
}

}  // namespace

ChannelPruneResult prune_channels(const Graph& graph, std::shared_ptr<const Dataset> data,
                                  std::shared_ptr<const Dataset> validation, const Target* target,
                                  const ChannelPruneOptions& options, const TrainHooks& hooks) {
  check(target, options);
  require_float_weights(graph, "pruned");
  if (!data || data->size() == 0) fail("there are no pictures to prune with");
  const ChannelMap map = channel_map(graph);
  if (map.groups.empty()) fail("'{}' has no channels that could be removed", graph.name);
  const auto importance = pruning::importance_of(graph, map, data, options);
  const std::vector<bool> removed = pruning::choose_channels(graph, map, importance, target, options);
  ChannelPruneResult result{.graph = without_channels(graph, map, removed), .widths = widths_of(map, removed)};
  if (!options.fine_tune) return result;
  TrainResult trained = train(result.graph, std::move(data), std::move(validation), options.train, hooks);
  result.graph = std::move(trained.graph);
  result.history = std::move(trained.history);
  result.top1 = trained.top1;
  return result;
}

}  // namespace Atoll
