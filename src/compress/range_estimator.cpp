// How much of an activation's range is worth keeping. Every estimator starts from the histogram or from
// minima and maxima and answers a range that includes 0.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "atoll/error.h"
#include "compress/observe.h"

namespace Atoll {
namespace {

constexpr double kPercentile = 0.9999;  // share of the values that stays inside
constexpr int kLevels = 256;
constexpr int kSteps = 40;  // candidates for each end

// The bins that hold anything.
struct Bin {
  double centre = 0, count = 0;
};

std::vector<Bin> filled_bins(const Histogram& h) {
  std::vector<Bin> bins;
  for (std::size_t bin = 0; bin < h.counts().size(); ++bin)
    if (h.counts()[bin] > 0) bins.push_back({h.centre(bin), static_cast<double>(h.counts()[bin])});
  return bins;
}

// Mean squared error of quantizing the values to 255 steps over [low, high]: clipping, and rounding at the
// centres of bins, which are much narrower than a step.
double squared_error(std::span<const Bin> bins, double low, double high) {
  const double scale = (high - low) / (kLevels - 1);
  if (!(scale > 0)) return std::numeric_limits<double>::infinity();
  const double zero_point = std::round(-low / scale), per_scale = 1 / scale;
  double error = 0;
  for (const Bin& bin : bins) {
    const double level = std::clamp(bin.centre * per_scale + zero_point, 0.0, kLevels - 1.0);
    const double q = static_cast<double>(static_cast<int>(level + 0.5)) - zero_point;
    const double difference = bin.centre - q * scale;
    error += bin.count * difference * difference;
  }
  return error;
}

// Kullback-Leibler divergence of the clipped histogram from its 256-level version (as TensorRT calibrates):
// what a level holds is spread evenly over its bins that are not empty.
double divergence(std::span<const Bin> bins, double low, double high) {
  const double step = (high - low) / kLevels;
  if (!(step > 0)) return std::numeric_limits<double>::infinity();
  std::vector<double> mass(kLevels, 0), clipped;
  std::vector<int> bins_of(kLevels, 0), level;
  double inside = 0, below = 0, above = 0;
  for (const Bin& bin : bins) {
    if (bin.centre < low || bin.centre > high) {
      (bin.centre < low ? below : above) += bin.count;
      continue;
    }
    level.push_back(std::clamp(static_cast<int>((bin.centre - low) / step), 0, kLevels - 1));
    clipped.push_back(bin.count);
    inside += bin.count;
    mass[static_cast<std::size_t>(level.back())] += bin.count;
    ++bins_of[static_cast<std::size_t>(level.back())];
  }
  if (clipped.empty()) return std::numeric_limits<double>::infinity();
  // What is cut off moves to the outermost bins of the reference, not of the quantized version.
  clipped.front() += below;
  clipped.back() += above;
  const double total = inside + below + above;
  double sum = 0;
  for (std::size_t i = 0; i < clipped.size(); ++i) {
    const auto l = static_cast<std::size_t>(level[i]);
    sum += clipped[i] / total * std::log(clipped[i] / total / (mass[l] / bins_of[l] / inside));
  }
  return sum;
}

// Shrinks the ends one after the other to what `cost` likes best, twice.
template <typename Cost>
Range search(const ActivationStatistics& s, Cost&& cost) {
  const std::vector<Bin> bins = filled_bins(s.histogram);
  double low = s.low, high = s.high;
  double best = cost(bins, low, high);
  const auto improve = [&](double& end, double full) {
    if (full == 0) return;
    const double other_low = low, other_high = high;
    double chosen = end;
    for (int i = 0; i < kSteps; ++i) {
      const double candidate = full * (1.0 - 0.9 * i / kSteps);
      const double c = &end == &low ? cost(bins, candidate, other_high) : cost(bins, other_low, candidate);
      if (c < best) {
        best = c;
        chosen = candidate;
      }
    }
    end = chosen;
  };
  for (int round = 0; round < (s.low < 0 && s.high > 0 ? 2 : 1); ++round) {
    improve(high, s.high);
    improve(low, s.low);
  }
  return {static_cast<float>(low), static_cast<float>(high)};
}

Range between(const ActivationStatistics& s, double low, double high) {
  return {static_cast<float>(std::clamp<double>(low, s.low, 0)),
          static_cast<float>(std::clamp<double>(high, 0, s.high))};
}

}  // namespace

std::string_view name_of(RangeEstimator estimator) {
  switch (estimator) {
    case RangeEstimator::kMinMax: return "minmax";
    case RangeEstimator::kMovingAverage: return "average";
    case RangeEstimator::kPercentile: return "percentile";
    case RangeEstimator::kEntropy: return "entropy";
    case RangeEstimator::kMse: return "mse";
  }
  return "?";
}

RangeEstimator range_estimator(std::string_view name) {
  for (const auto e : {RangeEstimator::kMinMax, RangeEstimator::kMovingAverage, RangeEstimator::kPercentile,
                       RangeEstimator::kEntropy, RangeEstimator::kMse})
    if (name_of(e) == name) return e;
  fail("'{}' is no estimator of ranges: there are minmax, average, percentile, entropy and mse", name);
}

double noise_share(const ActivationStatistics& s, Range range) {
  const std::vector<Bin> bins = filled_bins(s.histogram);
  double signal = 0;
  for (const Bin& bin : bins) signal += bin.count * bin.centre * bin.centre;
  if (!(signal > 0) || !(range.high > range.low)) return 0;
  return squared_error(bins, static_cast<double>(range.low), static_cast<double>(range.high)) / signal;
}

Range estimate_range(const ActivationStatistics& s, RangeEstimator estimator) {
  if (s.histogram.empty() || !(s.low < s.high)) return {s.low, s.high};
  switch (estimator) {
    case RangeEstimator::kMinMax: return {s.low, s.high};
    case RangeEstimator::kMovingAverage: return between(s, s.average_low, s.average_high);
    case RangeEstimator::kPercentile: {
      const double tail = s.low < 0 && s.high > 0 ? (1 - kPercentile) / 2 : 1 - kPercentile;
      return between(s, s.low < 0 ? s.histogram.quantile(tail) : 0, s.high > 0 ? s.histogram.quantile(1 - tail) : 0);
    }
    case RangeEstimator::kEntropy: return search(s, divergence);
    case RangeEstimator::kMse: return search(s, squared_error);
  }
  return {s.low, s.high};
}

}  // namespace Atoll
