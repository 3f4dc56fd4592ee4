// Magnitude pruning as what a training does to its values: before a step whose turn it is, new masks are made
// of the present weights; before every step, masked weights become 0, and they get no gradient.
#pragma once

#include "atoll/prune.h"

namespace Atoll::pruning {

// The weights of the layers that are pruned, by node; the third dimension and on are a row of the last one.
struct PrunedWeights {
  std::string name;
  TensorId tensor = kNoTensor;
  std::int64_t elements = 0, row = 0;
};
std::vector<PrunedWeights> pruned_weights(const Graph& graph);

class MagnitudePruning final : public ValueTransform {
 public:
  MagnitudePruning(SparsityPattern pattern, const SparsitySchedule& schedule)
      : pattern_(pattern), schedule_(schedule) {}

  void attach(const Graph& graph, const ValueLayout& layout) override;
  void begin_step(std::uint64_t step, std::span<float> values) override;
  void apply(std::span<const float> values, std::span<float> effective) const override;
  void backward(std::span<float> gradients) override;
  std::uint64_t fingerprint() const override;
  std::vector<std::byte> state() const override;
  void restore(std::span<const std::byte> state) override;

  // `graph` with its weights masked.
  Graph masked(const Graph& graph) const;

 private:
  struct Layer {
    PrunedWeights weights;
    std::size_t offset = 0;
    std::vector<std::uint8_t> mask;
  };
  void mask(std::span<float> values) const;

  SparsityPattern pattern_;
  SparsitySchedule schedule_;
  std::vector<Layer> layers_;
};

}  // namespace Atoll::pruning
