// HammingGp: a Gaussian process over genotypes. Its kernel is a scale times the product over the decisions of 1
// where two genotypes agree and exp(-(u + v)) where they differ, u and v being weights of the two choices: how
// unlike the others each is. (One decision's matrix is s s' plus a positive diagonal, s = exp(-weights), so the
// kernel is positive definite. Small weights and a large scale make the process a sum over the decisions.)
// Weights, noise and scale are fitted by ascending the marginal likelihood (Rasmussen and Williams, 2006, chapter 5).
// Questions are answered for many genotypes at a time.
#pragma once

#include <Eigen/Dense>
#include <span>
#include <vector>

#include "atoll/search.h"

namespace Atoll {

class HammingGp {
 public:
  explicit HammingGp(const std::vector<Decision>& decisions);

  // Another observation; its value comes with set_values. O(n^2).
  void add(const Genotype& genotype);
  // The values of all observations, of mean 0 and variance about 1. O(n^2).
  void set_values(const Eigen::VectorXd& values);
  // Fits weights and noise to the observations `subset`, and factorizes anew. O(n^3).
  void fit(const std::vector<std::size_t>& subset);

  double noise() const { return noise_; }  // variance that one observation has of its own
  std::size_t size() const { return static_cast<std::size_t>(observations_); }
  // Kernel of the observations with each of `genotypes`, [observations, genotypes]: what the other two ask for.
  Eigen::MatrixXd kernel(std::span<const Genotype> genotypes) const;
  Eigen::VectorXd means(const Eigen::MatrixXd& kernel) const;       // O(n) each
  Eigen::VectorXd deviations(const Eigen::MatrixXd& kernel) const;  // O(n^2) each

 private:
  Eigen::VectorXd one_hot(const Genotype& genotype) const;
  void measure_choices();
  void factorize();

  std::vector<int> first_;   // of each decision among the weights; then the end of the last
  Eigen::VectorXd weights_;  // of every choice of every decision
  double noise_ = 0.02;      // variance of one observation's own
  double scale_ = 1;         // variance of the process
  // The first `observations_` rows or columns of these are used.
  Eigen::Index observations_ = 0;
  Eigen::MatrixXd chosen_;    // [observation, choice]: 1 where the observation has it
  Eigen::MatrixXd distance_;  // [observation, choice]: that a genotype with this choice has because of it
  Eigen::MatrixXd lower_;     // Cholesky factor
  Eigen::VectorXd values_, alpha_;
};

}  // namespace Atoll
