#include "search/surrogate.h"

#include "search/breeding.h"

namespace Atoll {
namespace {

constexpr std::size_t kElites = 12;     // whose neighbours are all in the pool
constexpr std::size_t kShortList = 64;  // of the pool, whose uncertainty is worth computing
constexpr int kBred = 150, kRandom = 60;

}  // namespace

SurrogateSearch::SurrogateSearch(const Space& space, const AlgorithmOptions& options)
    : space_(space), options_(options), rng_(options.seed), novelty_(space), rewards_(space), feasibility_(space) {}

std::vector<Genotype> SurrogateSearch::pool() {
  std::vector<Genotype> all;
  const Breeder breeder(space_, rewards_);
  breeder.add_neighbours(kElites, all);
  for (int i = 0; i < kBred; ++i) all.push_back(breeder.child(rng_));
  for (int i = 0; i < kRandom; ++i) all.push_back(random_genotype(space_, rng_));
  return fresh_networks(space_, novelty_, all);
}

Genotype SurrogateSearch::ask() {
  const auto first = static_cast<std::size_t>(std::clamp(options_.population, 4, 20));
  if (rewards_.size() < first) {
    return novelty_.fresh([&] {
      Genotype genotype = random_genotype(space_, rng_);
      for (int i = 0; i < 50 && feasibility_.probability(genotype, true) < 0.5; ++i)
        genotype = random_genotype(space_, rng_);
      return genotype;
    });
  }
  rewards_.learn();
  const auto best = best_by_improvement(pool(), rewards_, feasibility_, kShortList, rng_);
  if (!best) return novelty_.fresh([&] { return random_genotype(space_, rng_); });
  novelty_.note(*best);
  return *best;
}

void SurrogateSearch::tell(const Genotype& genotype, const Scores& scores) {
  novelty_.note(genotype);
  feasibility_.add(genotype, scores.latency_ms, scores.feasible);
  if (scores.feasible) rewards_.add(genotype, scores.reward);
}

}  // namespace Atoll
