#include "atoll/candidate_table.h"

#include <algorithm>
#include <limits>

#include "atoll/random.h"
#include "atoll/train.h"

namespace Atoll {
namespace {

constexpr std::size_t kMostParts = 1 << 16;  // about a kilobyte each; then the table starts anew

Graph shipped(const Graph& graph, bool softmax) {
  return softmax ? with_softmax(to_inference(graph)) : to_inference(graph);
}

// Of the activations, a byte each, where they need the most.
std::int64_t memory_bytes(const Graph& network) {
  constexpr std::int64_t kFloatBytes = 4;
  return cost_of(network).peak_activation_bytes / kFloatBytes;
}

// As the target stores the parameters; a byte each where it does not say (a CPU).
std::int64_t stored_bytes(std::int64_t by_target, std::int64_t params) { return by_target > 0 ? by_target : params; }

}  // namespace

Costs costs_of(const Graph& graph, const Target& target, bool softmax) {
  const GraphCost cost = cost_of(graph);
  const Graph network = shipped(graph, softmax);
  const Prediction prediction = target.predict(network);
  return {.latency_ms = prediction.fully_mapped ? prediction.latency_ms : std::numeric_limits<double>::infinity(),
          .size_bytes = stored_bytes(prediction.onchip_bytes + prediction.offchip_bytes, cost.params),
          .memory_bytes = memory_bytes(network),
          .offchip_bytes = prediction.offchip_bytes,
          .macs = cost.macs,
          .params = cost.params,
          .work = training_work(graph)};
}

std::size_t CandidateTable::Hash::operator()(const Space::PartKey& key) const {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i + 1 < key.size(); i += 2)
    hash = mix(hash, static_cast<std::uint64_t>(static_cast<std::uint32_t>(key[i])) << 32 |
                         static_cast<std::uint32_t>(key[i + 1]));
  return hash;
}

CandidateTable::CandidateTable(const Space& space, std::shared_ptr<const Target> target, bool softmax)
    : space_(space), target_(std::move(target)), softmax_(softmax) {}

const CandidateTable::Known& CandidateTable::known(const Genotype& genotype, const Space::PartKey& key,
                                                   std::size_t part, bool last) {
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  const Graph graph = space_.build_part(genotype, part);
  const GraphCost cost = cost_of(graph);
  const Graph network = shipped(graph, last && softmax_);
  return known_
      .emplace(key, Known{target_->part(network), cost.macs, cost.params, memory_bytes(network), training_work(graph)})
      .first->second;
}

Costs CandidateTable::costs(const Genotype& genotype) {
  const std::vector<Space::PartKey> keys = space_.part_keys(genotype);
  if (known_.size() + keys.size() > kMostParts) known_.clear();
  Costs sum;
  run_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Known& part = known(genotype, keys[i], i, i + 1 == keys.size());
    if (part.part == nullptr) break;
    run_.push_back(part.part.get());
    sum.macs += part.macs;
    sum.params += part.params;
    sum.memory_bytes = std::max(sum.memory_bytes, part.memory_bytes);
    sum.work += part.work;
  }
  if (keys.empty() || run_.size() != keys.size()) return costs_of(space_.build(genotype), *target_, softmax_);
  const PartsCost run = target_->cost(run_);
  sum.latency_ms = run.latency_ms;
  sum.size_bytes = stored_bytes(run.onchip_bytes + run.offchip_bytes, sum.params);
  sum.offchip_bytes = run.offchip_bytes;
  return sum;
}

}  // namespace Atoll
