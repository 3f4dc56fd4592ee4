#include "search/reward_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace Atoll {
namespace {

constexpr std::size_t kFitObservations = 160;

double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

}  // namespace

std::vector<Genotype> canonical(const Space& space, std::span<const Genotype> genotypes) {
  std::vector<Genotype> result;
  for (const Genotype& genotype : genotypes) result.push_back(space.canonical(genotype));
  return result;
}

double normal_probability(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

// By Newton's method on the logarithm of the probability, which is concave: from the first step on it comes nearer
// from the left, however far out the tail.
double normal_quantile(double p) {
  constexpr double kLeast = -37;  // where the probability is hardly a number any more
  if (p > 0.5) return -normal_quantile(1 - p);
  double x = 0;
  for (int i = 0; i < 20; ++i) {
    const double at = normal_probability(x);
    x -= std::log(at / p) * at / normal_density(x);
    x = std::max(x, kLeast);
  }
  return x;
}

bool RewardModel::add(const Genotype& genotype, double reward) {
  const Genotype network = space_.canonical(genotype);
  if (!networks_.insert(network).second) return false;
  told_.push_back({genotype, reward});
  process_.add(network);
  stale_ = true;
  return true;
}

double RewardModel::score(double rank) const {
  const auto n = static_cast<double>(told_.size());
  return normal_quantile((n - rank - 0.5) / n);
}

void RewardModel::learn() {
  if (!stale_) return;
  stale_ = false;
  const std::size_t n = told_.size();
  ranked_.resize(n);
  std::iota(ranked_.begin(), ranked_.end(), 0);
  std::stable_sort(ranked_.begin(), ranked_.end(),
                   [&](std::size_t a, std::size_t b) { return told_[a].reward > told_[b].reward; });
  Eigen::VectorXd values(static_cast<Eigen::Index>(n));
  // Equal rewards share the score of their middle rank: an order among them would look like noise.
  for (std::size_t rank = 0, end; rank < n; rank = end) {
    end = rank + 1;
    while (end < n && reward(end) == reward(rank)) ++end;
    const double shared = score(0.5 * static_cast<double>(rank + end - 1));
    for (std::size_t i = rank; i < end; ++i) values[static_cast<Eigen::Index>(ranked_[i])] = shared;
  }
  best_value_ = values[static_cast<Eigen::Index>(ranked_[0])];
  process_.set_values(values);
  if (n < fitted_ + std::max<std::size_t>(5, fitted_ / 4)) return;
  // The best half and the newest, where all are too many.
  std::vector<std::size_t> subset(ranked_.begin(),
                                  ranked_.begin() + static_cast<std::ptrdiff_t>(std::min(n, kFitObservations / 2)));
  for (std::size_t i = n; i-- > 0 && subset.size() < kFitObservations;)
    if (std::find(subset.begin(), subset.end(), i) == subset.end()) subset.push_back(i);
  process_.fit(subset);
  fitted_ = n;
}

Eigen::VectorXd RewardModel::means(std::span<const Genotype> genotypes) const {
  return process_.means(process_.kernel(canonical(space_, genotypes)));
}

Eigen::VectorXd RewardModel::log_improvements(std::span<const Genotype> genotypes) const {
  const Eigen::MatrixXd kernel = process_.kernel(canonical(space_, genotypes));
  const Eigen::VectorXd means = process_.means(kernel);
  // Of what will be observed: a training has luck of its own, so that even a network like the best may be better.
  const Eigen::VectorXd deviations = (process_.deviations(kernel).array().square() + process_.noise()).sqrt().matrix();
  Eigen::VectorXd result(means.size());
  for (Eigen::Index i = 0; i < means.size(); ++i) {
    const double z = (means[i] - best_value_) / deviations[i];
    result[i] = std::log(std::max(deviations[i] * (z * normal_probability(z) + normal_density(z)), 1e-300));
  }
  return result;
}

}  // namespace Atoll
