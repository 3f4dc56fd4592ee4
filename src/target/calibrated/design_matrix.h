// The regression's linear algebra: measured networks as rows, their distinct layers as columns, and two columns more
// for what belongs to no layer (the inference itself, and the base's prediction).
#pragma once

#include <Eigen/Dense>
#include <Eigen/SparseCore>
#include <vector>

#include "target/calibrated/regression.h"

namespace Atoll::calibrated {

constexpr Eigen::Index kRates = static_cast<Eigen::Index>(kResources) + 1;  // `scale` first
constexpr double kScaleDeviation = 5, kRateDeviation = 1.5;                 // of the logarithms' priors

// Covariance of the corrections of two layers, as a share of each one's time.
double correction(const Spreads& spreads, const LayerShape& a, const LayerShape& b);

struct Design {
  std::vector<LayerShape> shapes;                       // of the layers proper
  Eigen::MatrixXd amounts;                              // [columns, kResources]
  Eigen::SparseMatrix<double, Eigen::RowMajor> counts;  // [networks, columns], each row divided by its ms
  Eigen::VectorXd ms;

  explicit Design(const Regression& regression);
};

// The rates of a regression, and the model linearised around them.
struct Linearised {
  Eigen::VectorXd time;      // of each column at the rates
  Eigen::MatrixXd slopes;    // [columns, kRates]: change of time with the logarithm of each rate
  Eigen::VectorXd at;        // where the logarithms stand (0: the prior's centre)
  Eigen::VectorXd variance;  // of their prior

  Linearised(const Design& design, const Regression& regression);
  // What the columns take at the prior's centre, were the model linear.
  Eigen::VectorXd prior_time() const { return time - slopes * at; }
};
// [kRates]: prior variances; a resource that is not used has none.
Eigen::VectorXd prior_variance(const Regression& regression);

// Covariance of the measured networks, each as a share of its ms: corrections of the layers and noise; `rates` adds
// the uncertainty of the rates.
Eigen::MatrixXd covariance(const Design& design, const Eigen::VectorXd& time, const Spreads& spreads);
void add_rates(Eigen::MatrixXd& covariance, const Design& design, const Linearised& linear);

}  // namespace Atoll::calibrated
