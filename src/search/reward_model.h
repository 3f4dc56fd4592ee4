// RewardModel: what the rewards told so far say of a genotype that was not tried: a Gaussian process (HammingGp) on
// their normal scores by rank, which tames the long lower tail that accuracies have.
#pragma once

#include <set>
#include <vector>

#include "search/algorithms.h"
#include "search/hamming_gp.h"

namespace Atoll {

class RewardModel {
 public:
  explicit RewardModel(const Space& space) : space_(space), process_(space.decisions()) {}

  // A network's first reward counts; false: it has one already.
  bool add(const Genotype& genotype, double reward);
  void learn();  // from all that was added; before any question

  Eigen::VectorXd means(std::span<const Genotype> genotypes) const;
  // Logarithm of the expected improvement on the best reward (Jones et al., 1998).
  Eigen::VectorXd log_improvements(std::span<const Genotype> genotypes) const;
  std::size_t size() const { return told_.size(); }
  const Genotype& best(std::size_t rank) const { return told_[ranked_[rank]].genotype; }  // 0: the very best
  double reward(std::size_t rank) const { return told_[ranked_[rank]].reward; }

 private:
  struct Member {
    Genotype genotype;
    double reward;
  };
  double score(double rank) const;  // normal, of a rank from 0, the best, on
  const Space& space_;
  HammingGp process_;
  std::vector<Member> told_;         // in the order of the process's observations
  std::set<Genotype> networks_;      // canonical, that have a reward
  std::vector<std::size_t> ranked_;  // indices into told_, best first
  double best_value_ = 0;            // of the process's values
  std::size_t fitted_ = 0;           // observations at the last fit
  bool stale_ = false;
};

// What the models of rewards and latencies compare: networks, not the genotypes that say them.
std::vector<Genotype> canonical(const Space& space, std::span<const Genotype> genotypes);

// Of a number between 0 and 1: the inverse of the normal distribution.
double normal_quantile(double p);
double normal_probability(double x);

}  // namespace Atoll
