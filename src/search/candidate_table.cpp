#include "atoll/candidate_table.h"

#include <limits>

#include "atoll/random.h"
#include "atoll/train.h"

namespace Atoll {
namespace {

constexpr std::size_t kMostParts = 1 << 16;  // about a kilobyte each; then the table starts anew

Graph shipped(const Graph& graph, bool softmax) {
  return softmax ? with_softmax(to_inference(graph)) : to_inference(graph);
}

}  // namespace

Estimate estimate(const Graph& graph, const Target& target, bool softmax) {
  const GraphCost cost = cost_of(graph);
  const Prediction prediction = target.predict(shipped(graph, softmax));
  const double latency_ms = prediction.fully_mapped ? prediction.latency_ms : std::numeric_limits<double>::infinity();
  return {latency_ms, cost.macs, cost.params, training_work(graph)};
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
  return known_
      .emplace(key,
               Known{target_->part(shipped(graph, last && softmax_)), cost.macs, cost.params, training_work(graph)})
      .first->second;
}

Estimate CandidateTable::estimate(const Genotype& genotype) {
  const std::vector<Space::PartKey> keys = space_.part_keys(genotype);
  if (known_.size() + keys.size() > kMostParts) known_.clear();
  Estimate sum;
  run_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Known& part = known(genotype, keys[i], i, i + 1 == keys.size());
    if (part.part == nullptr) break;
    run_.push_back(part.part.get());
    sum.macs += part.macs;
    sum.params += part.params;
    sum.work += part.work;
  }
  if (keys.empty() || run_.size() != keys.size()) return Atoll::estimate(space_.build(genotype), *target_, softmax_);
  sum.latency_ms = target_->latency_ms(run_);
  return sum;
}

std::function<Estimate(const Genotype&)> shipped_estimates(const Space& space, std::shared_ptr<const Target> target) {
  auto table = std::make_shared<CandidateTable>(space, std::move(target), true);
  return [table](const Genotype& genotype) { return table->estimate(genotype); };
}

}  // namespace Atoll
