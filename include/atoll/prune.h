// Pruning: fewer weights (masks learnt in training, for files that compress) or fewer channels (a smaller
// dense network, for less time). Both start from a float network with weights, in its training form where that is
// at hand (batch norm not folded), and train on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "atoll/target.h"
#include "atoll/train.h"

namespace Atoll {

// --- single weights ----------------------------------------------------------------------------------------

enum class SparsityPattern : std::uint8_t { kFree, kTwoOfFour };

// How the sparsity grows over the steps of a training (Zhu & Gupta 2017, as in TensorFlow's model optimization
// toolkit): initial + (final - initial) * (1 - (1 - (t - begin) / (end - begin))^power), constant behind `end`.
struct SparsitySchedule {
  double initial = 0, final = 0.5;  // shares of a layer's weights that are zero
  std::int64_t begin = 0, end = 0;  // steps; with begin = end the sparsity is `final` from `begin` on
  double power = 3;
  std::int64_t frequency = 100;  // steps between new masks; there is one at `end` as well
  bool changes_masks(std::int64_t step) const;
};
double sparsity_at(const SparsitySchedule& schedule, std::int64_t step);

// The mask of one layer: the max(1, round(n * (1 - sparsity))) weights of largest magnitude are kept (1), of equal
// ones the first; rounding is to even, as there.
std::vector<std::uint8_t> magnitude_mask(std::span<const float> weights, double sparsity);
// Of every 4 weights in a row along the last dimension, of `row` weights, the 2 of largest magnitude are kept.
std::vector<std::uint8_t> two_of_four_mask(std::span<const float> weights, std::int64_t row);

struct WeightPruneOptions {
  SparsityPattern pattern = SparsityPattern::kFree;
  SparsitySchedule schedule;  // of a free pattern; begin and end are set from the two below
  double begin = 0;           // share of the training at which pruning begins,
  double end = 0.6;           // and at which the final sparsity is reached
  TrainOptions train;
};

struct LayerSparsity {
  std::string name;
  std::int64_t weights = 0, zeros = 0;
};
// The layers that are pruned: convolutions and fully connected layers, but no depthwise ones, which have few weights
// and need them.
std::vector<LayerSparsity> layer_sparsity(const Graph& graph);

struct PruneResult {
  Graph graph;  // pruned and trained, in the form it came in
  std::vector<EpochRecord> history;
  double top1 = 0;  // on the validation set after the last epoch, 0 without one
};
// Throws Error for a sparsity outside of [0, 1), a network that is not float32 or has no weights.
PruneResult prune_weights(const Graph& graph, std::shared_ptr<const Dataset> data,
                          std::shared_ptr<const Dataset> validation, const WeightPruneOptions& options,
                          const TrainHooks& hooks = {});

// --- whole channels ------------------------------------------------------------------------------------------

// Channels that can only go together, because an addition, a depthwise convolution, a gate or the like ties them:
// one index into the groups' channels.
struct ChannelGroup {
  std::string name;                             // of the first layer that makes such channels
  std::vector<std::vector<std::int64_t>> sets;  // by channel of the group: elements that go with it, see ChannelMap
};

// What of a network can be removed. An element is one index of the last dimension of one tensor.
struct ChannelMap {
  std::vector<std::int64_t> first;  // by tensor id: its first element; -1 where channels mean nothing
  std::vector<ChannelGroup> groups;
  std::int64_t elements = 0;
};
// Inputs, outputs and channels of grouped convolutions stay; so do those of constants that several layers share.
ChannelMap channel_map(const Graph& graph);

// The network without some elements, which are whole sets; a smaller dense network with the same names.
Graph without_channels(const Graph& graph, const ChannelMap& map, const std::vector<bool>& removed);

enum class ChannelImportance : std::uint8_t {
  kTaylor,     // (sum of gradient * value)^2 of what makes a channel, over pictures (Molchanov et al. 2019)
  kMagnitude,  // mean magnitude of its weights over the layer's
  kBatchNorm,  // magnitude of batch norm's gamma over the layer's mean
};
ChannelImportance channel_importance(std::string_view name);  // "taylor", "magnitude", "batchnorm"; throws Error

struct ChannelPruneOptions {
  double sparsity = 0;           // share of the parameters to remove,
  double target_latency_ms = 0;  // or the prediction to reach; one of the two is 0
  ChannelImportance importance = ChannelImportance::kTaylor;
  std::int64_t images = 1024;  // for kTaylor
  double keep = 0.125;         // of every group's channels at least
  TrainOptions train;          // epochs of fine-tuning, and the batch of kTaylor
  bool fine_tune = true;
};

struct GroupWidth {
  std::string name;
  std::int64_t before = 0, after = 0;
};
struct ChannelPruneResult {
  Graph graph;
  std::vector<GroupWidth> widths;  // of the groups that became narrower
  std::vector<EpochRecord> history;
  double top1 = 0;
};
// Removes channels, the least importance for each millisecond that `target` says is saved first (for each parameter
// where `target` is null), then trains the smaller network. Throws Error when the goal cannot be reached.
ChannelPruneResult prune_channels(const Graph& graph, std::shared_ptr<const Dataset> data,
                                  std::shared_ptr<const Dataset> validation, const Target* target,
                                  const ChannelPruneOptions& options, const TrainHooks& hooks = {});

// --- what came of it -----------------------------------------------------------------------------------------

// Bytes that gzip (level 9) makes of a file's.
std::int64_t gzip_bytes(std::span<const std::byte> file);

}  // namespace Atoll
