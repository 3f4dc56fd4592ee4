#include <algorithm>

#include "atoll/error.h"
#include "target/calibrated/calibrate.h"
#include "target/calibrated/calibration_json.h"
#include "target/calibrated/regression_target.h"

namespace Atoll::calibrated {
namespace {

std::vector<MeasuredWork> works_of(const Target* base, std::span<const Sample> samples) {
  std::vector<MeasuredWork> works;
  for (const Sample& sample : samples) {
    works.push_back({workload_of(sample.network), sample.ms});
    if (base != nullptr) works.back().work.base_ms = base->latency_ms(sample.network.graph);
  }
  return works;
}

std::vector<HeldOut> predictions(std::span<const MeasuredWork> works, std::span<const std::size_t> seen,
                                 std::span<const std::size_t> left) {
  std::vector<MeasuredWork> rows;
  for (const std::size_t i : seen) rows.push_back(works[i]);
  const Posterior posterior(fit_regression_choosing_base(rows));
  std::vector<HeldOut> answers;
  for (const std::size_t i : left) {
    const Estimate estimate = posterior.estimate(works[i].work);
    answers.push_back({estimate.ms, estimate.spread});
  }
  return answers;
}

}  // namespace

CrossValidation cross_validate_regression(std::span<const MeasuredWork> works) {
  std::vector<double> measured;
  for (const MeasuredWork& work : works) measured.push_back(work.ms);
  return cross_validate(measured, [&](std::span<const std::size_t> seen, std::span<const std::size_t> left) {
    return predictions(works, seen, left);
  });
}

Calibration calibrate_regression(const std::shared_ptr<const Target>& base, std::span<const Sample> samples,
                                 const Origin& origin) {
  if (samples.size() < kLeastRowsOfRegression)
    fail("a regression needs measurements of at least {} networks, but there are {}", kLeastRowsOfRegression,
         samples.size());
  const std::vector<MeasuredWork> works = works_of(base.get(), samples);
  Calibration result;
  result.cross_validated = cross_validate_regression(works);
  RegressionFile file;
  file.name = origin.name;
  file.description = "a regression on " + std::to_string(samples.size()) + " measurements";
  file.calibration = calibration_json(origin, samples.size(), result.cross_validated).dump();
  file.width = result.cross_validated.width;
  file.regression = fit_regression_choosing_base(works);
  if (file.regression.layers.size() > kMostLayers)
    fail("the measured networks have {} different layers, but a regression takes at most {}",
         file.regression.layers.size(), kMostLayers);
  result.uses_base = file.regression.uses_base;
  if (result.uses_base) file.base = base;
  result.json = write_regression(file);
  return result;
}

}  // namespace Atoll::calibrated
