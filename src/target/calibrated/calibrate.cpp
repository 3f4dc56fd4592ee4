#include "target/calibrated/calibrate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "atoll/error.h"
#include "target/edgetpu/analysis.h"

namespace Atoll::calibrated {
namespace {

// One parameter for every three rows at most, the most telling ones first.
std::vector<std::string> fields_for(std::size_t rows) {
  const std::vector<std::string> all = {
      "link.fixed_ms",        "link.parameters_mb_per_s",   "compute.clock_mhz",
      "link.input_mb_per_s",  "link.instructions_mb_per_s", "compute.depthwise_output_cycles",
      "link.output_mb_per_s", "link.output_us_per_position"};
  const std::size_t n = std::clamp<std::size_t>(rows / 3, 1, all.size());
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)};
}

double quantile_of(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace

Calibration calibrate_chip(const edgetpu::Chip& base, std::span<const Sample> samples, const std::string& name,
                           const std::string& conditions, int folds) {
  if (samples.size() < 3) fail("calibration needs at least 3 measurements, but there are {}", samples.size());
  const std::vector<std::string> fields = fields_for(samples.size());
  const auto parts = std::min<std::size_t>(static_cast<std::size_t>(std::max(folds, 2)), samples.size());
  std::vector<double> predicted(samples.size()), measured(samples.size()), ratios(samples.size());
  for (std::size_t fold = 0; fold < parts; ++fold) {
    std::vector<Sample> seen;
    for (std::size_t i = 0; i < samples.size(); ++i)
      if (i % parts != fold) seen.push_back(samples[i]);
    const edgetpu::Chip chip = fit_chip(base, seen, fields);
    for (std::size_t i = fold; i < samples.size(); i += parts) {
      predicted[i] = edgetpu::analyse(chip, samples[i].network).total_ms;
      measured[i] = samples[i].ms;
      ratios[i] = measured[i] / predicted[i];
    }
  }
  Calibration result{fit_chip(base, samples, fields), score(predicted, measured), {}};
  result.chip.name = name;
  result.chip.description = "calibrated from " + std::to_string(samples.size()) + " measurements";
  result.chip.interval = {quantile_of(ratios, 0.1), quantile_of(ratios, 0.9)};
  auto json = nlohmann::ordered_json::parse(edgetpu::write_chip(result.chip));
  json["calibration"] = {{"base", base.name},
                         {"rows", samples.size()},
                         {"fitted", fields},
                         {"conditions", conditions},
                         {"folds", parts},
                         {"mape", result.cross_validated.mape},
                         {"spearman", result.cross_validated.spearman},
                         {"within10", result.cross_validated.within10}};
  result.json = json.dump(2) + "\n";
  return result;
}

}  // namespace Atoll::calibrated
