// CandidateTable: what a search asks of every candidate before it trains one (latency, size), in microseconds.
// Candidates of a factorized space share their stages; each stage is built and read once. The answers are those of
// the plain way, to the last bit.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "atoll/search.h"
#include "atoll/target.h"

namespace Atoll {

// Of the network as it will ship, behind a softmax where `softmax`; infinite latency where an op does not map.
Costs costs_of(const Graph& graph, const Target& target, bool softmax);

class CandidateTable {
 public:
  // Keeps the target alive, and refers to the space.
  CandidateTable(const Space& space, std::shared_ptr<const Target> target, bool softmax = false);
  // Equal to costs_of(space.build(genotype), …). Throws Error for a bad genotype. Not for several threads at once.
  Costs costs(const Genotype& genotype);
  const Space& space() const { return space_; }
  std::size_t parts() const { return known_.size(); }  // built so far

 private:
  struct Known {
    std::shared_ptr<const Part> part;  // nullptr: whoever has it goes the plain way
    std::int64_t macs = 0, params = 0, memory_bytes = 0;
    double work = 0;
  };
  struct Hash {
    std::size_t operator()(const Space::PartKey& key) const;
  };
  const Known& known(const Genotype& genotype, const Space::PartKey& key, std::size_t part, bool last);

  const Space& space_;
  std::shared_ptr<const Target> target_;
  bool softmax_;
  std::unordered_map<Space::PartKey, Known, Hash> known_;
  std::vector<const Part*> run_;
};

}  // namespace Atoll
