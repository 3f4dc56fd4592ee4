// Regression: latency of a network as a sum over its layers, learned from whole networks. A layer takes what its
// amounts of work take at fitted rates, times a smooth function of its shape, close to 1, that is a Gaussian
// process (Rasmussen and Williams, 2006) seen only through sums. Rates have log-normal priors, so ten networks are
// enough for a first guess; with hundreds the process learns what the rates cannot say.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "target/calibrated/workload.h"

namespace Atoll::calibrated {

struct MeasuredWork {
  Workload work;
  double ms = 0;
};

// How far layers stray from the rates: as shares of a layer's time, the same for a whole kind of layer and changing
// with the shape; over what distances in the logarithm of sizes and windows; and the noise of a measurement.
struct Spreads {
  double kind = 0.05, shape = 0.2, size_length = 1.5, window_length = 1, noise = 0.01;
};

// Everything that predictions follow from: plain numbers, and the measurements themselves.
struct Regression {
  double scale = 1;   // of all rates
  Amounts factors{};  // of each rate, on top of `scale`; 0 for a resource that is not used
  bool uses_base = false;
  double base_unit = 1;  // nominal milliseconds for one of the base's
  Spreads spreads;
  std::vector<edgetpu::Layer> layers;                    // distinct ones of the measured networks
  std::vector<std::vector<std::pair<int, int>>> counts;  // by network: (layer, how often)
  std::vector<double> base_ms, ms;                       // by network
};

// Fits rates by Gauss-Newton, spreads by the marginal likelihood. `log_evidence`, if given, gets the logarithm of the
// latter, which compares a fit with the base to one without. The same samples give the same regression.
Regression fit_regression(std::span<const MeasuredWork> samples, bool use_base, double* log_evidence = nullptr);
// With the base where the evidence is for it.
Regression fit_regression_choosing_base(std::span<const MeasuredWork> samples);

struct Estimate {
  double ms = 0;
  double spread = 0;             // standard deviation, as a share of ms
  std::vector<double> layer_ms;  // of one occurrence of each of the workload's layers
  double run_ms = 0;             // of what belongs to no layer
  double base_share = 0;         // factor on the base's prediction that is part of ms
};

class Posterior {
 public:
  explicit Posterior(Regression regression);
  ~Posterior();
  Posterior(Posterior&&) noexcept;

  const Regression& regression() const;
  double ms(const Workload& work) const;
  Estimate estimate(const Workload& work) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace Atoll::calibrated
