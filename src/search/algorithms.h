// The search algorithms. What each asks for is a function of the space, its options and what it was told.
#pragma once

#include <deque>
#include <set>
#include <vector>

#include "atoll/random.h"
#include "atoll/search.h"

namespace Atoll {

// The networks asked for so far, whichever genotypes said them; draws until it finds a new one, or gives up and
// repeats one, which only a space that is nearly used up makes necessary.
class Novelty {
 public:
  explicit Novelty(const Space& space) : space_(space) {}
  template <typename Draw>
  Genotype fresh(Draw draw) {
    Genotype genotype = draw();
    for (int attempt = 0; attempt < 100 && knows(genotype); ++attempt) genotype = draw();
    note(genotype);
    return genotype;
  }
  void note(const Genotype& genotype) { seen_.insert(space_.canonical(genotype)); }
  bool knows(const Genotype& genotype) const { return seen_.contains(space_.canonical(genotype)); }

 private:
  const Space& space_;
  std::set<Genotype> seen_;
};

// Another choice for one decision that has more than one.
Genotype mutate(const Space& space, Genotype genotype, Rng& rng);
// Every decision from one of the two parents, by the toss of a coin.
Genotype cross(const Genotype& a, const Genotype& b, Rng& rng);

class RandomSearch : public SearchAlgorithm {
 public:
  RandomSearch(const Space& space, const AlgorithmOptions& options)
      : space_(space), rng_(options.seed), novelty_(space) {}
  Genotype ask() override {
    return novelty_.fresh([&] { return random_genotype(space_, rng_); });
  }
  void tell(const Genotype& genotype, const Scores&) override { novelty_.note(genotype); }

 private:
  const Space& space_;
  Rng rng_;
  Novelty novelty_;
};

// Regularized evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search",
// 2019): the best of a random sample is mutated in one decision; the oldest of the population dies.
class Evolution : public SearchAlgorithm {
 public:
  Evolution(const Space& space, const AlgorithmOptions& options);
  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

 private:
  struct Member {
    Genotype genotype;
    double reward;
  };
  const Space& space_;
  AlgorithmOptions options_;
  Rng rng_;
  Novelty novelty_;
  std::deque<Member> population_;  // oldest first
  std::int64_t infeasible_ = 0;    // told so far
};

// Local search (White et al., "Exploring the Loss Landscape in Neural Architecture Search", 2021): all
// neighbours of the best network in random order, moving as soon as one is better; where none is, starts
// again from a random one.
class LocalSearch : public SearchAlgorithm {
 public:
  LocalSearch(const Space& space, const AlgorithmOptions& options)
      : space_(space), rng_(options.seed), novelty_(space) {}
  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

 private:
  void move_to(const Genotype& genotype, double reward);

  const Space& space_;
  Rng rng_;
  Novelty novelty_;
  bool standing_ = false;  // has a network to look around from
  Genotype best_;
  double best_reward_ = 0;
  std::vector<Genotype> neighbours_;  // still to be asked, last first
};

// NSGA-II (Deb et al., 2002) on accuracy and latency: parents by tournament on front and crowding distance,
// uniform crossover and mutation; each generation keeps the best of old and new. What is over the budget
// loses to what is within it, and among the former the faster one wins.
class Nsga2 : public SearchAlgorithm {
 public:
  Nsga2(const Space& space, const AlgorithmOptions& options);
  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

 private:
  struct Member {
    Genotype genotype;
    Scores scores;
    int front = 0;
    double crowding = 0;
  };
  static bool dominates(const Scores& a, const Scores& b);
  static void rank(std::vector<Member>& members);
  const Member& tournament();

  const Space& space_;
  AlgorithmOptions options_;
  Rng rng_;
  Novelty novelty_;
  std::vector<Member> parents_, children_;
};

}  // namespace Atoll
