#include "search/feasibility_model.h"

#include <algorithm>
#include <cmath>

#include "search/reward_model.h"

namespace Atoll {
namespace {

constexpr std::size_t kFitObservations = 160;
constexpr std::size_t kLatencies = 400;  // that the process on latency holds; the regression takes them all

}  // namespace

FeasibilityModel::FeasibilityModel(const Space& space) : space_(space), rest_(space.decisions()) {
  int features = 1;
  for (const Decision& decision : space.decisions()) {
    first_.push_back(features);
    features += static_cast<int>(decision.choices.size());
  }
  normal_ = Eigen::MatrixXd::Identity(features, features) * 0.1;
  right_ = Eigen::VectorXd::Zero(features);
}

void FeasibilityModel::add(const Genotype& as_asked, double latency_ms, bool feasible) {
  if (!(latency_ms > 0) || !std::isfinite(latency_ms)) return;
  const Genotype genotype = space_.canonical(as_asked);
  const double y = std::log(latency_ms);
  Eigen::VectorXd x = Eigen::VectorXd::Zero(right_.size());
  x[0] = 1;
  for (std::size_t d = 0; d < genotype.size(); ++d) x[first_[d] + genotype[d]] = 1;
  normal_ += x * x.transpose();
  right_ += x * y;
  if (genotypes_.size() < kLatencies) {
    genotypes_.push_back(genotype);
    logarithms_.push_back(y);
    rest_.add(genotype);
  }
  if (feasible) {
    slowest_feasible_ = seen_feasible_ ? std::max(slowest_feasible_, y) : y;
    seen_feasible_ = true;
  } else {
    fastest_infeasible_ = seen_infeasible_ ? std::min(fastest_infeasible_, y) : y;
    seen_infeasible_ = true;
  }
  stale_ = true;
}

double FeasibilityModel::additive(const Genotype& genotype) const {
  double y = weights_[0];
  for (std::size_t d = 0; d < genotype.size(); ++d) y += weights_[first_[d] + genotype[d]];
  return y;
}

void FeasibilityModel::solve() {
  stale_ = false;
  weights_ = normal_.ldlt().solve(right_);
  const std::size_t n = genotypes_.size();
  Eigen::VectorXd rest(static_cast<Eigen::Index>(n));
  for (std::size_t i = 0; i < n; ++i) rest[static_cast<Eigen::Index>(i)] = logarithms_[i] - additive(genotypes_[i]);
  spread_ = std::max(std::sqrt(rest.squaredNorm() / static_cast<double>(n)), 0.01);
  rest_.set_values(rest / spread_);
  if (n < fitted_ + std::max<std::size_t>(20, fitted_ / 2)) return;
  std::vector<std::size_t> subset;
  for (std::size_t i = n; i-- > 0 && subset.size() < kFitObservations;) subset.push_back(i);
  rest_.fit(subset);
  fitted_ = n;
}

Eigen::VectorXd FeasibilityModel::probabilities(std::span<const Genotype> as_asked, bool quick) {
  Eigen::VectorXd result = Eigen::VectorXd::Ones(static_cast<Eigen::Index>(as_asked.size()));
  if (!seen_infeasible_) return result;
  const std::vector<Genotype> genotypes = canonical(space_, as_asked);
  if (stale_) solve();
  const double limit = seen_feasible_ ? 0.5 * (slowest_feasible_ + fastest_infeasible_) : fastest_infeasible_ - 0.1;
  const Eigen::MatrixXd kernel = rest_.kernel(genotypes);
  const Eigen::VectorXd rest = rest_.means(kernel);
  const Eigen::VectorXd deviations = quick ? result : rest_.deviations(kernel);
  for (Eigen::Index i = 0; i < result.size(); ++i) {
    const double y = additive(genotypes[static_cast<std::size_t>(i)]) + spread_ * rest[i];
    result[i] = normal_probability((limit - y) / std::max(spread_ * deviations[i], 0.005));
  }
  return result;
}

}  // namespace Atoll
