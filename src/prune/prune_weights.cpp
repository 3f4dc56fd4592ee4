#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "prune/magnitude_pruning.h"

namespace Atoll {
namespace {

void check(const WeightPruneOptions& options) {
  const auto share = [](double value, const char* name) {
    if (!(value >= 0 && value < 1)) fail("the {} is {}, but must be in [0, 1)", name, value);
  };
  share(options.schedule.final, "sparsity");
  share(options.schedule.initial, "sparsity at the beginning");
  if (options.schedule.frequency < 1) fail("masks cannot change every {} steps", options.schedule.frequency);
  if (!(options.schedule.power > 0)) fail("the schedule's power is {}, but must be above 0", options.schedule.power);
  if (!(options.begin >= 0 && options.begin <= options.end && options.end <= 1))
    fail("pruning cannot go on from {} to {} of the training: 0 <= begin <= end <= 1", options.begin, options.end);
}

}  // namespace

std::vector<LayerSparsity> layer_sparsity(const Graph& graph) {
  std::vector<LayerSparsity> result;
  for (const pruning::PrunedWeights& weights : pruning::pruned_weights(graph)) {
    const std::span<const float> values = graph.tensor(weights.tensor).data.as<float>();
    result.push_back({weights.name, weights.elements, std::count(values.begin(), values.end(), 0.0f)});
  }
  return result;
}

PruneResult prune_weights(const Graph& graph, std::shared_ptr<const Dataset> data,
                          std::shared_ptr<const Dataset> validation, const WeightPruneOptions& options,
                          const TrainHooks& hooks) {
  check(options);
  require_float_weights(graph, "pruned");
  if (!data || data->size() == 0) fail("there are no pictures to train on");
  const std::int64_t batch = std::clamp<std::int64_t>(options.train.batch, 1, data->size());
  const std::int64_t steps = std::max<std::int64_t>(1, options.train.epochs * (data->size() / batch));
  SparsitySchedule schedule = options.schedule;
  const auto step_at = [&](double share) {
    return std::min(static_cast<std::int64_t>(share * static_cast<double>(steps)), steps - 1);
  };
  schedule.begin = step_at(options.begin);
  schedule.end = step_at(options.end);
  pruning::MagnitudePruning pruning(options.pattern, schedule);
  TrainHooks with_masks = hooks;
  with_masks.transform = &pruning;
  TrainResult trained = train(graph, std::move(data), std::move(validation), options.train, with_masks);
  return {pruning.masked(trained.graph), std::move(trained.history), trained.top1};
}

}  // namespace Atoll
