// Breeding: candidates made of the best networks so far, and the choice among them by what a model of the rewards
// expects. The Bayesian search and the critic of the reinforcement learning share it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "search/algorithms.h"
#include "search/feasibility_model.h"
#include "search/reward_model.h"

namespace Atoll {

class Breeder {
 public:
  // `rewards` has learned.
  Breeder(const Space& space, const RewardModel& rewards) : space_(space), rewards_(rewards) {}

  // All that differ in one decision from one of the `best` networks.
  void add_neighbours(std::size_t best, std::vector<Genotype>& to) const;
  // Of two of the best 40 or a mutation of one, with up to two mutations more.
  Genotype child(Rng& rng) const;

 private:
  const Genotype& parent(Rng& rng) const;
  const Space& space_;
  const RewardModel& rewards_;
};

// The networks of `pool` that were not asked for yet: canonical, each once, in order.
std::vector<Genotype> fresh_networks(const Space& space, const Novelty& novelty, std::span<const Genotype> pool);

// The candidate with the greatest expected improvement times probability of keeping to the budgets. Looked at are
// `short_list` of them: three quarters by their mean, the others at random, for their uncertainty's sake.
std::optional<Genotype> best_by_improvement(std::vector<Genotype> pool, const RewardModel& rewards,
                                            FeasibilityModel& feasibility, std::size_t short_list, Rng& rng);

}  // namespace Atoll
