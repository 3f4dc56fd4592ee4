#include <algorithm>
#include <limits>
#include <numeric>

#include "search/algorithms.h"

namespace Atoll {

Genotype cross(const Genotype& a, const Genotype& b, Rng& rng) {
  Genotype child = a;
  for (std::size_t i = 0; i < child.size(); ++i)
    if (rng.chance(0.5)) child[i] = b[i];
  return child;
}

Nsga2::Nsga2(const Space& space, const AlgorithmOptions& options)
    : space_(space), options_(options), rng_(options.seed), novelty_(space) {}

bool Nsga2::dominates(const Scores& a, const Scores& b) {
  if (a.feasible != b.feasible) return a.feasible;
  if (!a.feasible) return a.latency_ms < b.latency_ms;
  return a.accuracy >= b.accuracy && a.latency_ms <= b.latency_ms &&
         (a.accuracy > b.accuracy || a.latency_ms < b.latency_ms);
}

// Sets front (0 is the best) and crowding distance of every member.
void Nsga2::rank(std::vector<Member>& members) {
  std::vector<std::size_t> left(members.size());
  std::iota(left.begin(), left.end(), 0);
  for (int number = 0; !left.empty(); ++number) {
    std::vector<std::size_t> front, rest;
    for (const std::size_t i : left) {
      const bool beaten = std::any_of(left.begin(), left.end(),
                                      [&](std::size_t j) { return dominates(members[j].scores, members[i].scores); });
      (beaten ? rest : front).push_back(i);
    }
    for (const std::size_t i : front) {
      members[i].front = number;
      members[i].crowding = 0;
    }
    for (double Scores::*objective : {&Scores::accuracy, &Scores::latency_ms}) {
      std::stable_sort(front.begin(), front.end(), [&](std::size_t a, std::size_t b) {
        return members[a].scores.*objective < members[b].scores.*objective;
      });
      const double range = members[front.back()].scores.*objective - members[front.front()].scores.*objective;
      members[front.front()].crowding = members[front.back()].crowding = std::numeric_limits<double>::infinity();
      for (std::size_t i = 1; i + 1 < front.size() && range > 0; ++i)
        members[front[i]].crowding +=
            (members[front[i + 1]].scores.*objective - members[front[i - 1]].scores.*objective) / range;
    }
    left = std::move(rest);
  }
}

const Nsga2::Member& Nsga2::tournament() {
  const auto n = static_cast<std::int64_t>(parents_.size());
  const Member& a = parents_[static_cast<std::size_t>(rng_.below(n))];
  const Member& b = parents_[static_cast<std::size_t>(rng_.below(n))];
  if (a.front != b.front) return a.front < b.front ? a : b;
  return a.crowding >= b.crowding ? a : b;
}

Genotype Nsga2::ask() {
  if (parents_.empty()) return novelty_.fresh([&] { return random_genotype(space_, rng_); });
  int draws = 0;
  return novelty_.fresh([&] {
    Genotype child = tournament().genotype;
    if (rng_.chance(0.9)) child = cross(child, tournament().genotype, rng_);
    const double rate = 1.0 / static_cast<double>(child.size());
    for (std::size_t i = 0; i < child.size(); ++i)
      if (rng_.chance(rate))
        child[i] = static_cast<int>(rng_.below(static_cast<std::int64_t>(space_.decisions()[i].choices.size())));
    for (int more = draws++ / 10; more > 0; --more) child = mutate(space_, std::move(child), rng_);
    return child;
  });
}

void Nsga2::tell(const Genotype& genotype, const Scores& scores) {
  novelty_.note(genotype);
  children_.push_back({genotype, scores});
  if (static_cast<int>(children_.size()) < options_.population) return;
  parents_.insert(parents_.end(), std::make_move_iterator(children_.begin()), std::make_move_iterator(children_.end()));
  children_.clear();
  rank(parents_);
  std::stable_sort(parents_.begin(), parents_.end(), [](const Member& a, const Member& b) {
    return a.front != b.front ? a.front < b.front : a.crowding > b.crowding;
  });
  if (static_cast<int>(parents_.size()) > options_.population)
    parents_.erase(parents_.begin() + options_.population, parents_.end());
}

}  // namespace Atoll
