// What a regression knows about a network that nobody measured.
#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "target/calibrated/design_matrix.h"

namespace Atoll::calibrated {
namespace {

constexpr double kLeastShare = 0.02;  // of the time at the rates, that a layer is never predicted below

}  // namespace

struct Posterior::Impl {
  Regression regression;
  Design design;
  Linearised linear;
  Eigen::LLT<Eigen::MatrixXd> factor;  // of the measured networks' covariance
  Eigen::VectorXd rate_shift;          // [kRates]: what the linearised rates learn on top of the fit
  Eigen::VectorXd weight;              // by layer: what the measurements say of it, times its time

  explicit Impl(Regression from) : regression(std::move(from)), design(regression), linear(design, regression) {
    Eigen::MatrixXd c = covariance(design, linear.time, regression.spreads);
    add_rates(c, design, linear);
    factor.compute(c);
    const Eigen::VectorXd rest = Eigen::VectorXd::Ones(design.ms.size()) - design.counts * linear.prior_time();
    const Eigen::VectorXd alpha = factor.solve(rest);
    const Eigen::VectorXd by_column = design.counts.transpose() * alpha;
    rate_shift = linear.variance.asDiagonal() * (linear.slopes.transpose() * by_column);
    weight = by_column.cwiseProduct(linear.time);
    if (factor.info() != Eigen::Success || !rate_shift.allFinite() || !weight.allFinite())
      fail("the numbers of a regression target are so far apart that nothing follows from them");
  }

  // Slopes of a column that has these amounts.
  Eigen::VectorXd slopes_of(const Amounts& amounts) const {
    Eigen::VectorXd slopes(kRates);
    for (Eigen::Index r = 1; r < kRates; ++r)
      slopes(r) = amounts[static_cast<std::size_t>(r - 1)] * regression.scale *
                  regression.factors[static_cast<std::size_t>(r - 1)];
    slopes(0) = slopes.tail(kRates - 1).sum();
    return slopes;
  }
  double mean_of(const Eigen::VectorXd& slopes) const { return slopes(0) - slopes.dot(linear.at - rate_shift); }
  double layer_ms(const edgetpu::Layer& layer, const Eigen::VectorXd& slopes) const {
    const LayerShape shape = shape_of(layer);
    double learned = 0;
    for (std::size_t i = 0; i < design.shapes.size(); ++i)
      if (design.shapes[i].kind == shape.kind)
        learned += correction(regression.spreads, shape, design.shapes[i]) * weight(static_cast<Eigen::Index>(i));
    return std::max(kLeastShare * slopes(0), mean_of(slopes) + slopes(0) * learned);
  }
  Amounts run_amounts() const {
    Amounts amounts{};
    amounts[static_cast<std::size_t>(Resource::kRuns)] = kNominalRunMs;
    return amounts;
  }
  Amounts base_amounts() const {
    Amounts amounts{};
    if (regression.uses_base) amounts[static_cast<std::size_t>(Resource::kBaseMs)] = regression.base_unit;
    return amounts;
  }
  double positive_mean(const Amounts& amounts) const {
    const Eigen::VectorXd slopes = slopes_of(amounts);
    return std::max(kLeastShare * slopes(0), mean_of(slopes));
  }
  double variance(const Workload& work) const;
};

// Before the measurements less what they told; in ms^2.
double Posterior::Impl::variance(const Workload& work) const {
  const auto layers = work.layers.size();
  std::vector<LayerShape> shapes(layers);
  Eigen::VectorXd time(static_cast<Eigen::Index>(layers));
  Eigen::VectorXd slopes = slopes_of(run_amounts()) + work.base_ms * slopes_of(base_amounts());
  for (std::size_t i = 0; i < layers; ++i) {
    shapes[i] = shape_of(work.layers[i]);
    const Eigen::VectorXd of_layer = slopes_of(amounts_of(work.layers[i]));
    time(static_cast<Eigen::Index>(i)) = work.counts[i] * of_layer(0);
    slopes += work.counts[i] * of_layer;
  }
  double prior = slopes.dot(linear.variance.asDiagonal() * slopes);
  for (std::size_t i = 0; i < layers; ++i)
    for (std::size_t j = 0; j < layers; ++j)
      prior += time(static_cast<Eigen::Index>(i)) * time(static_cast<Eigen::Index>(j)) *
               correction(regression.spreads, shapes[i], shapes[j]);

  Eigen::VectorXd shared = Eigen::VectorXd::Zero(linear.time.size());  // with each known layer
  for (std::size_t i = 0; i < design.shapes.size(); ++i) {
    const auto column = static_cast<Eigen::Index>(i);
    for (std::size_t j = 0; j < layers; ++j)
      if (shapes[j].kind == design.shapes[i].kind)
        shared(column) += linear.time(column) * time(static_cast<Eigen::Index>(j)) *
                          correction(regression.spreads, design.shapes[i], shapes[j]);
  }
  const Eigen::VectorXd with_rows = design.counts * (shared + linear.slopes * linear.variance.cwiseProduct(slopes));
  return std::max(0.0, prior - factor.matrixL().solve(with_rows).squaredNorm());
}

Posterior::Posterior(Regression regression) : impl_(std::make_unique<Impl>(std::move(regression))) {}
Posterior::~Posterior() = default;
Posterior::Posterior(Posterior&&) noexcept = default;

const Regression& Posterior::regression() const { return impl_->regression; }

double Posterior::ms(const Workload& work) const {
  double sum = impl_->positive_mean(impl_->run_amounts()) + work.base_ms * impl_->positive_mean(impl_->base_amounts());
  for (std::size_t i = 0; i < work.layers.size(); ++i)
    sum += work.counts[i] * impl_->layer_ms(work.layers[i], impl_->slopes_of(amounts_of(work.layers[i])));
  return sum;
}

Estimate Posterior::estimate(const Workload& work) const {
  Estimate estimate;
  estimate.run_ms = impl_->positive_mean(impl_->run_amounts());
  estimate.base_share = impl_->positive_mean(impl_->base_amounts());
  estimate.ms = estimate.run_ms + work.base_ms * estimate.base_share;
  for (std::size_t i = 0; i < work.layers.size(); ++i) {
    estimate.layer_ms.push_back(impl_->layer_ms(work.layers[i], impl_->slopes_of(amounts_of(work.layers[i]))));
    estimate.ms += work.counts[i] * estimate.layer_ms.back();
  }
  const double noise = impl_->regression.spreads.noise;
  estimate.spread = std::sqrt(impl_->variance(work) / (estimate.ms * estimate.ms) + noise * noise);
  return estimate;
}

}  // namespace Atoll::calibrated
