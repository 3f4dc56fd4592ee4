#include "search/algorithms.h"

namespace Atoll {

Genotype mutate(const Space& space, Genotype genotype, Rng& rng) {
  const auto& decisions = space.decisions();
  const auto i = static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(decisions.size())));
  const auto choices = static_cast<std::int64_t>(decisions[i].choices.size());
  if (choices < 2) return genotype;
  genotype[i] = static_cast<int>((genotype[i] + 1 + rng.below(choices - 1)) % choices);
  return genotype;
}

Evolution::Evolution(const Space& space, const AlgorithmOptions& options)
    : space_(space), options_(options), rng_(options.seed), novelty_(space) {}

Genotype Evolution::ask() {
  const auto population = static_cast<std::int64_t>(population_.size());
  // The first ones are random; where hardly any of those is feasible, the few that are must do.
  const bool rare = population > 0 && infeasible_ > 10 * options_.population;
  if (population < options_.population && !rare) return novelty_.fresh([&] { return random_genotype(space_, rng_); });
  int draws = 0;
  return novelty_.fresh([&] {
    const Member* parent = nullptr;
    for (int i = 0; i < options_.sample; ++i) {
      const Member& member = population_[static_cast<std::size_t>(rng_.below(population))];
      if (parent == nullptr || member.reward > parent->reward) parent = &member;
    }
    // One mutation; more where the neighbours of the parents were all asked for already.
    Genotype child = mutate(space_, parent->genotype, rng_);
    for (int more = draws++ / 10; more > 0; --more) child = mutate(space_, std::move(child), rng_);
    return child;
  });
}

void Evolution::tell(const Genotype& genotype, const Scores& scores) {
  novelty_.note(genotype);
  if (!scores.feasible) {
    ++infeasible_;
    return;
  }
  population_.push_back({genotype, scores.reward});
  if (static_cast<int>(population_.size()) > options_.population) population_.pop_front();
}

}  // namespace Atoll
