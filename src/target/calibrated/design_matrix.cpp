#include "target/calibrated/design_matrix.h"

#include <cmath>

namespace Atoll::calibrated {
namespace {

constexpr auto kRuns = static_cast<Eigen::Index>(Resource::kRuns);
constexpr auto kBaseMs = static_cast<Eigen::Index>(Resource::kBaseMs);

template <std::size_t N>
double squared_distance(const std::array<double, N>& a, const std::array<double, N>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < N; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

double correction(const Spreads& spreads, const LayerShape& a, const LayerShape& b) {
  if (a.kind != b.kind) return 0;
  const double distance = squared_distance(a.size, b.size) / (spreads.size_length * spreads.size_length) +
                          squared_distance(a.window, b.window) / (spreads.window_length * spreads.window_length);
  return spreads.kind * spreads.kind + spreads.shape * spreads.shape * std::exp(-0.5 * distance);
}

Design::Design(const Regression& regression) {
  const auto layers = static_cast<Eigen::Index>(regression.layers.size());
  const auto rows = static_cast<Eigen::Index>(regression.ms.size());
  amounts = Eigen::MatrixXd::Zero(layers + 2, static_cast<Eigen::Index>(kResources));
  for (Eigen::Index i = 0; i < layers; ++i) {
    const edgetpu::Layer& layer = regression.layers[static_cast<std::size_t>(i)];
    shapes.push_back(shape_of(layer));
    const Amounts of_layer = amounts_of(layer);
    for (std::size_t r = 0; r < kResources; ++r) amounts(i, static_cast<Eigen::Index>(r)) = of_layer[r];
  }
  amounts(layers, kRuns) = kNominalRunMs;
  if (regression.uses_base) amounts(layers + 1, kBaseMs) = regression.base_unit;

  std::vector<Eigen::Triplet<double>> entries;
  ms.resize(rows);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    ms(row) = regression.ms[i];
    for (const auto& [layer, count] : regression.counts[i]) entries.emplace_back(row, layer, count / ms(row));
    entries.emplace_back(row, layers, 1 / ms(row));
    if (regression.uses_base) entries.emplace_back(row, layers + 1, regression.base_ms[i] / ms(row));
  }
  counts.resize(rows, layers + 2);
  counts.setFromTriplets(entries.begin(), entries.end());
}

Eigen::VectorXd prior_variance(const Regression& regression) {
  Eigen::VectorXd variance = Eigen::VectorXd::Constant(kRates, kRateDeviation * kRateDeviation);
  variance(0) = kScaleDeviation * kScaleDeviation;
  if (!regression.uses_base) variance(1 + kBaseMs) = 0;
  return variance;
}

Linearised::Linearised(const Design& design, const Regression& regression)
    : at(Eigen::VectorXd::Zero(kRates)), variance(prior_variance(regression)) {
  slopes.resize(design.amounts.rows(), kRates);
  for (Eigen::Index r = 1; r < kRates; ++r) {
    const double factor = regression.factors[static_cast<std::size_t>(r - 1)];
    slopes.col(r) = design.amounts.col(r - 1) * (regression.scale * factor);
    // The scale's prior is so wide that its centre may as well be where it is.
    at(r) = variance(r) > 0 ? std::log(factor) : 0;
  }
  time = slopes.rightCols(kRates - 1).rowwise().sum();
  slopes.col(0) = time;
}

Eigen::MatrixXd covariance(const Design& design, const Eigen::VectorXd& time, const Spreads& spreads) {
  const auto layers = static_cast<Eigen::Index>(design.shapes.size());
  Eigen::MatrixXd kernel = Eigen::MatrixXd::Zero(time.size(), time.size());
  for (Eigen::Index i = 0; i < layers; ++i)
    for (Eigen::Index j = 0; j <= i; ++j)
      kernel(i, j) = kernel(j, i) =
          time(i) * time(j) *
          correction(spreads, design.shapes[static_cast<std::size_t>(i)], design.shapes[static_cast<std::size_t>(j)]);
  const Eigen::MatrixXd half = design.counts * kernel;
  Eigen::MatrixXd result = design.counts * half.transpose();
  result.diagonal().array() += spreads.noise * spreads.noise;
  return result;
}

void add_rates(Eigen::MatrixXd& covariance, const Design& design, const Linearised& linear) {
  const Eigen::MatrixXd slopes = design.counts * linear.slopes;
  covariance += slopes * linear.variance.asDiagonal() * slopes.transpose();
}

}  // namespace Atoll::calibrated
