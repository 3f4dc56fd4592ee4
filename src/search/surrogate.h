// SurrogateSearch: Bayesian optimization over genotypes. A Gaussian process (HammingGp) learns the rewards, a
// ridge regression the logarithm of the latency; of a pool bred from the best networks so far, the one with
// the greatest expected improvement times probability of meeting the budget is asked for.
#pragma once

#include "search/algorithms.h"
#include "search/feasibility_model.h"
#include "search/reward_model.h"

namespace Atoll {

class SurrogateSearch : public SearchAlgorithm {
 public:
  SurrogateSearch(const Space& space, const AlgorithmOptions& options);
  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

 private:
  std::vector<Genotype> pool();

  const Space& space_;
  AlgorithmOptions options_;
  Rng rng_;
  Novelty novelty_;
  RewardModel rewards_;
  FeasibilityModel feasibility_;
};

}  // namespace Atoll
