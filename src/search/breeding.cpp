#include "search/breeding.h"

#include <algorithm>
#include <cmath>

namespace Atoll {
namespace {

constexpr std::size_t kParents = 40;  // of crossovers
// A candidate that keeps to the budgets with less than this probability is asked for when no other is left, however
// much it promises.
constexpr double kLeastChance = 0.2, kFarBehind = 1e3;

struct Candidate {
  Genotype genotype;
  double value;
};

// Equal values in the order of genotypes, so that it does not depend on the sorting.
bool is_better(const Candidate& a, const Candidate& b) {
  return a.value != b.value ? a.value > b.value : a.genotype < b.genotype;
}

}  // namespace

void Breeder::add_neighbours(std::size_t best, std::vector<Genotype>& to) const {
  for (std::size_t e = 0; e < std::min(best, rewards_.size()); ++e) {
    Genotype genotype = rewards_.best(e);
    for (std::size_t d = 0; d < genotype.size(); ++d) {
      const int own = genotype[d];
      for (int choice = 0; choice < static_cast<int>(space_.decisions()[d].choices.size()); ++choice) {
        genotype[d] = choice;
        if (choice != own) to.push_back(genotype);
      }
      genotype[d] = own;
    }
  }
}

const Genotype& Breeder::parent(Rng& rng) const {
  const auto parents = static_cast<std::int64_t>(std::min(kParents, rewards_.size()));
  return rewards_.best(static_cast<std::size_t>(rng.below(parents)));
}

Genotype Breeder::child(Rng& rng) const {
  Genotype child = rng.chance(0.5) ? cross(parent(rng), parent(rng), rng) : mutate(space_, parent(rng), rng);
  for (std::int64_t more = rng.below(3); more > 0; --more) child = mutate(space_, std::move(child), rng);
  return child;
}

std::vector<Genotype> fresh_networks(const Space& space, const Novelty& novelty, std::span<const Genotype> pool) {
  std::vector<Genotype> networks = canonical(space, pool);
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  std::erase_if(networks, [&](const Genotype& network) { return novelty.knows(network); });
  return networks;
}

std::optional<Genotype> best_by_improvement(std::vector<Genotype> pool, const RewardModel& rewards,
                                            FeasibilityModel& feasibility, std::size_t short_list, Rng& rng) {
  if (pool.empty()) return std::nullopt;
  const auto log_of = [](double probability) { return std::log(std::max(probability, 1e-9)); };
  const Eigen::VectorXd means = rewards.means(pool), chances = feasibility.probabilities(pool, true);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    candidates.push_back(
        {std::move(pool[i]), means[at] + log_of(chances[at]) - (chances[at] < kLeastChance ? kFarBehind : 0)});
  }
  std::sort(candidates.begin(), candidates.end(), is_better);
  if (candidates.size() > short_list) {
    rng.shuffle(std::span<Candidate>(candidates).subspan(short_list * 3 / 4));
    candidates.resize(std::max<std::size_t>(1, short_list));
  }
  pool.clear();
  for (const Candidate& candidate : candidates) pool.push_back(candidate.genotype);
  const Eigen::VectorXd gains = rewards.log_improvements(pool), surer = feasibility.probabilities(pool, false);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    candidates[i].value = gains[at] + log_of(surer[at]) - (surer[at] < kLeastChance ? kFarBehind : 0);
  }
  return std::min_element(candidates.begin(), candidates.end(), is_better)->genotype;
}

}  // namespace Atoll
