#include "prune/magnitude_pruning.h"

#include <bit>
#include <set>

#include "atoll/error.h"
#include "atoll/random.h"

namespace Atoll::pruning {

std::vector<PrunedWeights> pruned_weights(const Graph& graph) {
  std::vector<PrunedWeights> result;
  std::set<TensorId> seen;
  for (const Node& node : graph.nodes) {
    if (!std::holds_alternative<Conv2D>(node.op) && !std::holds_alternative<FullyConnected>(node.op)) continue;
    const Tensor& weights = graph.tensor(node.inputs[1]);
    if (!weights.constant || weights.elements() == 0 || !seen.insert(node.inputs[1]).second) continue;
    result.push_back({node.name, node.inputs[1], weights.elements(), weights.shape.back()});
  }
  return result;
}

void MagnitudePruning::attach(const Graph& graph, const ValueLayout& layout) {
  layers_.clear();
  for (PrunedWeights& weights : pruned_weights(graph)) {
    const std::size_t offset = layout.offset[static_cast<std::size_t>(weights.tensor)];
    std::vector<std::uint8_t> all(static_cast<std::size_t>(weights.elements), 1);
    layers_.push_back({std::move(weights), offset, std::move(all)});
  }
  if (layers_.empty())
    fail("'{}' has no convolution or fully connected layer whose weights could be pruned", graph.name);
}

void MagnitudePruning::begin_step(std::uint64_t step, std::span<float> values) {
  const auto now = static_cast<std::int64_t>(step);
  if (schedule_.changes_masks(now))
    for (Layer& layer : layers_) {
      const std::span<const float> weights = values.subspan(layer.offset, layer.mask.size());
      layer.mask = pattern_ == SparsityPattern::kTwoOfFour ? two_of_four_mask(weights, layer.weights.row)
                                                           : magnitude_mask(weights, sparsity_at(schedule_, now));
    }
  mask(values);
}

void MagnitudePruning::mask(std::span<float> values) const {
  for (const Layer& layer : layers_) {
    float* at = values.data() + layer.offset;
    for (std::size_t i = 0; i < layer.mask.size(); ++i)
      if (!layer.mask[i]) at[i] = 0;
  }
}

// A moving average of the weights is masked here; the values themselves are already.
void MagnitudePruning::apply(std::span<const float>, std::span<float> effective) const { mask(effective); }
void MagnitudePruning::backward(std::span<float> gradients) { mask(gradients); }

std::uint64_t MagnitudePruning::fingerprint() const {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(pattern_), static_cast<std::uint64_t>(schedule_.frequency));
  for (const std::int64_t step : {schedule_.begin, schedule_.end}) hash = mix(hash, static_cast<std::uint64_t>(step));
  for (const double value : {schedule_.initial, schedule_.final, schedule_.power})
    hash = mix(hash, std::bit_cast<std::uint64_t>(value));
  return hash;
}

std::vector<std::byte> MagnitudePruning::state() const {
  std::vector<std::byte> bytes;
  for (const Layer& layer : layers_)
    for (const std::uint8_t kept : layer.mask) bytes.push_back(static_cast<std::byte>(kept));
  return bytes;
}

void MagnitudePruning::restore(std::span<const std::byte> state) {
  std::size_t wanted = 0;
  for (const Layer& layer : layers_) wanted += layer.mask.size();
  if (state.size() != wanted)
    fail("the checkpoint has masks of {} weights, but this training prunes {}", state.size(), wanted);
  for (Layer& layer : layers_)
    for (std::uint8_t& kept : layer.mask) {
      kept = state.front() == std::byte{0} ? 0 : 1;
      state = state.subspan(1);
    }
}

Graph MagnitudePruning::masked(const Graph& graph) const {
  Graph result = graph;
  for (const Layer& layer : layers_) {
    Tensor& tensor = result.tensor(layer.weights.tensor);
    const std::span<const float> old = tensor.data.as<float>();
    std::vector<float> values(old.begin(), old.end());
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!layer.mask[i]) values[i] = 0;
    tensor.data = Data::of(values);
  }
  return result;
}

}  // namespace Atoll::pruning
