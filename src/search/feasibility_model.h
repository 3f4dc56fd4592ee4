// FeasibilityModel: whether a network keeps to the budgets, learned from the latencies that were told.
#pragma once

#include "search/hamming_gp.h"

namespace Atoll {

// What is known of log latency: a ridge regression on the choices, and a Gaussian process on what that leaves
// (dead branches make a latency anything but additive). From both, the chance that a network is feasible.
class FeasibilityModel {
 public:
  explicit FeasibilityModel(const Space& space);
  void add(const Genotype& genotype, double latency_ms, bool feasible);
  // Of each genotype; 1 until something infeasible was seen. `quick`: by the regression and the process's mean alone.
  Eigen::VectorXd probabilities(std::span<const Genotype> genotypes, bool quick);
  double probability(const Genotype& genotype, bool quick) { return probabilities({&genotype, 1}, quick)[0]; }

 private:
  void solve();
  double additive(const Genotype& genotype) const;

  const Space& space_;
  std::vector<int> first_;  // of each decision among the features
  Eigen::MatrixXd normal_;
  Eigen::VectorXd right_, weights_;
  HammingGp rest_;
  std::vector<Genotype> genotypes_;  // of rest_'s observations, canonical
  std::vector<double> logarithms_;
  std::size_t fitted_ = 0;
  double spread_ = 1;                                     // standard deviation of what the regression leaves
  double fastest_infeasible_ = 0, slowest_feasible_ = 0;  // logarithms
  bool seen_feasible_ = false, seen_infeasible_ = false, stale_ = false;
};

}  // namespace Atoll
