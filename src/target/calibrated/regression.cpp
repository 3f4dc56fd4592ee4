#include "target/calibrated/regression.h"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>
#include <numeric>

#include "target/calibrated/design_matrix.h"

namespace Atoll::calibrated {
namespace {

constexpr int kRounds = 2;  // of rates, then spreads
constexpr int kSpreads = 5;
constexpr std::size_t kRowsForSpreads = 200;  // a few numbers need no more, and the time grows with the cube
constexpr int kEvaluations = 90;
constexpr std::array<double, kSpreads> kSpreadDeviation = {0.7, 0.7, 0.5, 0.5, 1};  // of their logarithms' priors

std::array<double, kSpreads> logs_of(const Spreads& s) {
  return {std::log(s.kind), std::log(s.shape), std::log(s.size_length), std::log(s.window_length), std::log(s.noise)};
}
Spreads spreads_of(const std::vector<double>& logs) {
  return {std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2]), std::exp(logs[3]), std::exp(logs[4])};
}

Regression gathered(std::span<const MeasuredWork> samples, bool use_base) {
  Regression regression;
  regression.uses_base = use_base;
  for (const MeasuredWork& sample : samples) {
    auto& row = regression.counts.emplace_back();
    for (std::size_t i = 0; i < sample.work.layers.size(); ++i) {
      const edgetpu::Layer& layer = sample.work.layers[i];
      const auto found = std::find_if(regression.layers.begin(), regression.layers.end(),
                                      [&](const edgetpu::Layer& known) { return same_work(known, layer); });
      row.emplace_back(static_cast<int>(found - regression.layers.begin()), static_cast<int>(sample.work.counts[i]));
      if (found == regression.layers.end()) regression.layers.push_back(layer);
    }
    regression.base_ms.push_back(sample.work.base_ms);
    regression.ms.push_back(sample.ms);
  }
  return regression;
}

double median_of(Eigen::VectorXd values) {
  std::nth_element(values.data(), values.data() + values.size() / 2, values.data() + values.size());
  return values(values.size() / 2);
}

// Gauss-Newton with Levenberg's damping on the logarithms of the rates: residuals of log(predicted / measured),
// whitened by `c`.
class RateFit {
 public:
  RateFit(const Design& design, const Regression& regression, const Eigen::MatrixXd& c)
      : totals_(design.ms.asDiagonal() * Eigen::MatrixXd(design.counts * design.amounts)),
        log_ms_(design.ms.array().log()),
        factor_(c),
        precision_(prior_variance(regression).unaryExpr([](double v) { return v > 0 ? 1 / v : 0; })) {}

  void run(Eigen::VectorXd& x, double centre) {
    double best = cost(x, centre), damping = 1;
    for (int step = 0; step < 80 && damping < 1e8; ++step) {
      const Eigen::VectorXd rates = (x.tail(kRates - 1).array() + x(0)).exp();
      const Eigen::VectorXd predicted = totals_ * rates;
      Eigen::MatrixXd slopes(totals_.rows(), kRates);
      slopes.rightCols(kRates - 1) = predicted.cwiseInverse().asDiagonal() * (totals_ * rates.asDiagonal());
      slopes.col(0).setOnes();
      const Eigen::MatrixXd white = factor_.matrixL().solve(slopes);
      const Eigen::VectorXd rest = factor_.matrixL().solve(residual(predicted));
      Eigen::MatrixXd normal = white.transpose() * white;
      normal.diagonal() += precision_;
      Eigen::VectorXd from_centre = x;
      from_centre(0) -= centre;
      const Eigen::VectorXd gradient = white.transpose() * rest - precision_.cwiseProduct(from_centre);
      const Eigen::VectorXd scale = normal.diagonal().cwiseMax(1e-12);
      normal.diagonal() += damping * scale;
      const Eigen::VectorXd next = x + normal.ldlt().solve(gradient);
      const double reached = cost(next, centre);
      if (reached < best) {
        const bool done = best - reached < 1e-7 * (1 + best);
        x = next;
        best = reached;
        damping = std::max(damping / 5, 1e-9);
        if (done) return;
      } else {
        damping *= 4;
      }
    }
  }

  const Eigen::MatrixXd& totals() const { return totals_; }

 private:
  Eigen::VectorXd residual(const Eigen::VectorXd& predicted) const {
    return log_ms_ - predicted.array().log().matrix();
  }
  double cost(const Eigen::VectorXd& x, double centre) const {
    const Eigen::VectorXd rates = (x.tail(kRates - 1).array() + x(0)).exp();
    Eigen::VectorXd from_centre = x;
    from_centre(0) -= centre;
    const double fit = factor_.matrixL().solve(residual(totals_ * rates)).squaredNorm();
    const double result = fit + from_centre.cwiseProduct(precision_).dot(from_centre);
    return std::isfinite(result) ? result : 1e300;
  }

  Eigen::MatrixXd totals_;  // [networks, kResources]: nominal milliseconds
  Eigen::VectorXd log_ms_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd precision_;
};

void put_rates(Regression& regression, const Eigen::VectorXd& x) {
  regression.scale = std::exp(x(0));
  for (std::size_t r = 0; r < kResources; ++r) regression.factors[r] = std::exp(x(static_cast<Eigen::Index>(r) + 1));
  if (!regression.uses_base) regression.factors[static_cast<std::size_t>(Resource::kBaseMs)] = 0;
}

Regression some_rows(const Regression& regression, std::size_t rows) {
  Regression result = regression;
  result.counts.resize(std::min(rows, result.counts.size()));
  result.ms.resize(result.counts.size());
  result.base_ms.resize(result.counts.size());
  return result;
}

// Logarithm of the likelihood of the measurements with the linearised rates and the corrections integrated out,
// times the spreads' prior.
struct Evidence {
  Design design;
  Linearised linear;
  Eigen::VectorXd rest;

  explicit Evidence(const Regression& regression) : design(regression), linear(design, regression) {
    rest = Eigen::VectorXd::Ones(design.ms.size()) - design.counts * linear.prior_time();
  }
  double log_at(const std::vector<double>& logs) const {
    Eigen::MatrixXd c = covariance(design, linear.time, spreads_of(logs));
    add_rates(c, design, linear);
    const Eigen::LLT<Eigen::MatrixXd> factor(c);
    if (factor.info() != Eigen::Success) return -1e9;
    double result = -0.5 * factor.matrixL().solve(rest).squaredNorm();
    const Eigen::MatrixXd& lower = factor.matrixLLT();
    for (Eigen::Index i = 0; i < lower.rows(); ++i) result -= std::log(lower(i, i));
    const auto centre = logs_of({});
    for (std::size_t i = 0; i < kSpreads; ++i) {
      const double away = (logs[i] - centre[i]) / kSpreadDeviation[i];
      result -= 0.5 * away * away;
    }
    return std::isfinite(result) ? result : -1e9;
  }
};

double log_evidence_of(const std::vector<double>& logs, std::vector<double>&, void* data) {
  return static_cast<const Evidence*>(data)->log_at(logs);
}

double choose_spreads(Regression& regression) {
  Evidence evidence(some_rows(regression, kRowsForSpreads));
  const auto start = logs_of(regression.spreads), centre = logs_of({});
  std::vector<double> x(start.begin(), start.end()), low(kSpreads), high(kSpreads);
  for (std::size_t i = 0; i < kSpreads; ++i) {
    low[i] = centre[i] - 5 * kSpreadDeviation[i];
    high[i] = centre[i] + 5 * kSpreadDeviation[i];
  }
  nlopt::opt optimizer(nlopt::LN_BOBYQA, kSpreads);
  optimizer.set_max_objective(log_evidence_of, &evidence);
  optimizer.set_lower_bounds(low);
  optimizer.set_upper_bounds(high);
  optimizer.set_initial_step(0.4);
  optimizer.set_xtol_abs(1e-2);
  optimizer.set_maxeval(kEvaluations);
  double reached = evidence.log_at(x);
  const std::vector<double> before = x;
  try {
    double value = 0;
    optimizer.optimize(x, value);
    reached = value;
  } catch (const nlopt::roundoff_limited&) {
    reached = evidence.log_at(x);
  } catch (const std::runtime_error&) {
    x = before;
  }
  regression.spreads = spreads_of(x);
  return reached;
}

}  // namespace

Regression fit_regression(std::span<const MeasuredWork> samples, bool use_base, double* log_evidence) {
  Regression regression = gathered(samples, use_base);
  if (use_base) {  // the base's mean is as much as all the other amounts together
    regression.base_unit = 0;
    const Design design(regression);
    const Eigen::MatrixXd amounts = design.counts * design.amounts;
    const double nominal = amounts.rowwise().sum().dot(design.ms);
    const double base = std::accumulate(regression.base_ms.begin(), regression.base_ms.end(), 0.0);
    regression.base_unit = base > 0 ? nominal / base : 1;
  }
  Eigen::VectorXd x = Eigen::VectorXd::Zero(kRates);
  double reached = 0, centre = 0;
  for (int round = 0; round < kRounds; ++round) {
    if (round == 0) {
      put_rates(regression, x);
      const Design design(regression);
      const Eigen::VectorXd relative = design.counts * design.amounts.rowwise().sum();
      x(0) = centre = -std::log(median_of(relative));
      put_rates(regression, x);
    }
    const Design design(regression);
    RateFit fit(design, regression, covariance(design, Linearised(design, regression).time, regression.spreads));
    fit.run(x, centre);
    put_rates(regression, x);
    reached = choose_spreads(regression);
  }
  if (log_evidence != nullptr) *log_evidence = reached;
  return regression;
}

Regression fit_regression_choosing_base(std::span<const MeasuredWork> samples) {
  double without = 0, with = 0;
  Regression plain = fit_regression(samples, false, &without);
  const bool has_base =
      std::any_of(samples.begin(), samples.end(), [](const MeasuredWork& sample) { return sample.work.base_ms > 0; });
  if (!has_base) return plain;
  Regression based = fit_regression(samples, true, &with);
  return with > without ? based : plain;
}

}  // namespace Atoll::calibrated
