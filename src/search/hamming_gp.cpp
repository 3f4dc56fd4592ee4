#include "search/hamming_gp.h"

#include <algorithm>
#include <cmath>

namespace Atoll {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// The logarithms of weights, noise and scale have normal priors, so that few observations do not run away with them.
constexpr double kPriorDeviation = 1.5, kScaleDeviation = 1;
constexpr double kNoisePrior = -4, kScalePrior = 0;  // means of the logarithms of these variances
constexpr int kFitSteps = 20;
constexpr double kFitRate = 0.15;

}  // namespace

HammingGp::HammingGp(const std::vector<Decision>& decisions) {
  int weights = 0;
  for (const Decision& decision : decisions) {
    first_.push_back(weights);
    weights += static_cast<int>(decision.choices.size());
  }
  first_.push_back(weights);
  weights_ = VectorXd::Constant(weights, 1.0 / static_cast<double>(decisions.size()));
}

VectorXd HammingGp::one_hot(const Genotype& genotype) const {
  VectorXd x = VectorXd::Zero(weights_.size());
  for (std::size_t d = 0; d < genotype.size(); ++d) x[first_[d] + genotype[d]] = 1;
  return x;
}

void HammingGp::add(const Genotype& genotype) {
  const Index n = observations_;
  if (lower_.rows() <= n) {
    const Index room = std::max<Index>(64, 2 * n);
    lower_.conservativeResize(room, room);
    chosen_.conservativeResize(room, weights_.size());
    distance_.conservativeResize(room, weights_.size());
  }
  const VectorXd x = one_hot(genotype);
  const MatrixXd k = kernel({&genotype, 1});
  chosen_.row(n) = x.transpose();
  ++observations_;
  for (std::size_t d = 0; d < genotype.size(); ++d)
    for (Index c = first_[d]; c < first_[d + 1]; ++c)
      distance_(n, c) = x[c] > 0 ? 0 : weights_[c] + weights_[first_[d] + genotype[d]];
  VectorXd row = k.col(0);
  lower_.topLeftCorner(n, n).triangularView<Eigen::Lower>().solveInPlace(row);
  lower_.row(n).head(n) = row.transpose();
  lower_(n, n) = std::sqrt(std::max(scale_ + noise_ - row.squaredNorm(), 1e-9));
}

// Of all observations, after the weights have changed.
void HammingGp::measure_choices() {
  const auto chosen = chosen_.topRows(observations_);
  for (std::size_t d = 0; d + 1 < first_.size(); ++d) {
    const Index end = first_[d + 1], choices = end - first_[d];
    const VectorXd own = chosen.middleCols(first_[d], choices) * weights_.segment(first_[d], choices);
    for (Index c = first_[d]; c < end; ++c)
      distance_.col(c).head(observations_) = (1 - chosen.col(c).array()) * (own.array() + weights_[c]);
  }
}

MatrixXd HammingGp::kernel(std::span<const Genotype> genotypes) const {
  MatrixXd k = MatrixXd::Zero(observations_, static_cast<Index>(genotypes.size()));
  for (Index i = 0; i < k.cols(); ++i) {
    const Genotype& genotype = genotypes[static_cast<std::size_t>(i)];
    for (std::size_t d = 0; d < genotype.size(); ++d)
      k.col(i) -= distance_.col(first_[d] + genotype[d]).head(observations_);
  }
  return (k.array().exp() * scale_).matrix();
}

void HammingGp::factorize() {
  const Index n = observations_;
  MatrixXd k = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index c = 0; c < weights_.size(); ++c)
      if (chosen_(i, c) > 0) k.col(i) -= distance_.col(c).head(n);
  k = (k.array().exp() * scale_).matrix();
  k.diagonal().array() += noise_;
  lower_.topLeftCorner(n, n) = k.llt().matrixL();
}

void HammingGp::set_values(const VectorXd& values) {
  const Index n = values.size();
  values_ = values;
  alpha_ = values;
  const auto lower = lower_.topLeftCorner(n, n).triangularView<Eigen::Lower>();
  lower.solveInPlace(alpha_);
  lower.transpose().solveInPlace(alpha_);
}

VectorXd HammingGp::means(const MatrixXd& kernel) const { return kernel.transpose() * alpha_; }

VectorXd HammingGp::deviations(const MatrixXd& kernel) const {
  const MatrixXd rows = lower_.topLeftCorner(observations_, observations_).triangularView<Eigen::Lower>().solve(kernel);
  return (scale_ - rows.colwise().squaredNorm().transpose().array()).max(1e-9).sqrt().matrix();
}

void HammingGp::fit(const std::vector<std::size_t>& subset) {
  const auto n = static_cast<Index>(subset.size());
  const Index weights = weights_.size();
  const double prior = std::log(1.0 / static_cast<double>(first_.size() - 1));
  VectorXd y(n);
  MatrixXd chosen(n, weights);
  for (Index i = 0; i < n; ++i) {
    const auto at = static_cast<Index>(subset[static_cast<std::size_t>(i)]);
    y[i] = values_[at];
    chosen.row(i) = chosen_.row(at);
  }
  // Adam on (log weights, log noise, log scale).
  const Index noise = weights, scale = weights + 1;
  VectorXd x(weights + 2), m = VectorXd::Zero(weights + 2), v = m;
  x << weights_.array().log().matrix(), std::log(noise_), std::log(scale_);
  for (int step = 1; step <= kFitSteps; ++step) {
    weights_ = x.head(weights).array().exp().matrix();
    noise_ = std::exp(x[noise]);
    scale_ = std::exp(x[scale]);
    // Where two genotypes differ their distance has both weights, and twice the common one less where they agree.
    const VectorXd sums = chosen * weights_;
    MatrixXd k = 2 * chosen * weights_.asDiagonal() * chosen.transpose();
    k.colwise() -= sums;
    k.rowwise() -= sums.transpose();
    k = (k.array().exp() * scale_).matrix();
    MatrixXd noisy = k;
    noisy.diagonal().array() += noise_;
    const Eigen::LLT<MatrixXd> factor(noisy);
    const VectorXd alpha = factor.solve(y);
    // d logL / d theta = 1/2 trace((alpha alpha' - K^-1) dK/dtheta)
    const MatrixXd inner = alpha * alpha.transpose() - factor.solve(MatrixXd::Identity(n, n));
    const MatrixXd parts = inner.cwiseProduct(k);
    VectorXd gradient(weights + 2);
    gradient.head(weights) =
        (chosen.cwiseProduct(parts * chosen).colwise().sum().transpose() - chosen.transpose() * parts.rowwise().sum())
            .cwiseProduct(weights_);
    gradient[noise] = 0.5 * inner.trace() * noise_;
    gradient[scale] = 0.5 * parts.sum();
    const double precision = 1 / (kPriorDeviation * kPriorDeviation);
    gradient.head(weights).array() -= (x.head(weights).array() - prior) * precision;
    gradient[noise] -= (x[noise] - kNoisePrior) * precision;
    gradient[scale] -= (x[scale] - kScalePrior) / (kScaleDeviation * kScaleDeviation);
    m = 0.9 * m + 0.1 * gradient;
    v = 0.99 * v + 0.01 * gradient.cwiseAbs2();
    const double scale1 = 1 / (1 - std::pow(0.9, step)), scale2 = 1 / (1 - std::pow(0.99, step));
    x.array() += kFitRate * scale1 * m.array() / ((scale2 * v.array()).sqrt() + 1e-8);
    x = x.cwiseMax(-9).cwiseMin(3);
  }
  weights_ = x.head(weights).array().exp().matrix();
  noise_ = std::exp(x[noise]);
  scale_ = std::exp(x[scale]);
  measure_choices();
  factorize();
  set_values(values_);
}

}  // namespace Atoll
