#include "atoll/calibrate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "atoll/error.h"
#include "atoll/random.h"
#include "atoll/target.h"
#include "target/calibrated/calibrate.h"
#include "target/calibrated/regression_target.h"
#include "target/cpu/cpu_target.h"
#include "target/edgetpu/edgetpu_target.h"

namespace Atoll {
namespace {

constexpr double kSuspicious = 1.2, kContradiction = 2;  // largest over smallest time of one network

// Rows of one network become one, with the geometric mean of their times.
std::vector<calibrated::Sample> joined(const std::vector<MeasuredModel>& models, std::vector<std::string>& notes) {
  std::map<std::string, std::vector<std::size_t>> by_name;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const MeasuredModel& model = models[i];
    if (!(model.ms > 0) || !std::isfinite(model.ms))
      fail("the measurement of '{}' is {} ms, but should be above 0", model.name, model.ms);
    auto& rows = by_name[model.name];
    if (rows.empty()) order.push_back(model.name);
    rows.push_back(i);
  }
  std::vector<calibrated::Sample> samples;
  for (const std::string& name : order) {
    const std::vector<std::size_t>& rows = by_name[name];
    double low = models[rows[0]].ms, high = low, logs = 0;
    for (const std::size_t i : rows) {
      low = std::min(low, models[i].ms);
      high = std::max(high, models[i].ms);
      logs += std::log(models[i].ms);
    }
    if (high > kContradiction * low)
      fail(
          "'{}' was measured {} times, with {} ms and with {} ms: rows of one model should be of one device in one "
          "state",
          name, rows.size(), low, high);
    if (high > kSuspicious * low)
      notes.push_back(fmt::format("'{}' was measured with {} ms and with {} ms; their mean is used", name, low, high));
    samples.push_back({deployed(models[rows[0]].graph), std::exp(logs / static_cast<double>(rows.size())), name, ""});
  }
  return samples;
}

}  // namespace

CalibratedTarget calibrate(const std::vector<MeasuredModel>& models, const CalibrateOptions& options) {
  const std::shared_ptr<const Target> base = open_target(options.base);
  if (dynamic_cast<const cpu::CpuTarget*>(base.get()) != nullptr)
    fail("calibration starts from a target that predicts, but '{}' measures", options.base);
  const auto* chip = dynamic_cast<const edgetpu::EdgeTpuTarget*>(base.get());
  if (options.kind == CalibrationKind::kEdgeTpu && chip == nullptr)
    fail("the kind edgetpu starts from an Edge TPU target, but '{}' is none", options.base);

  CalibratedTarget result;
  std::vector<calibrated::Sample> samples = joined(models, result.notes);
  Rng rng(options.seed);
  rng.shuffle(std::span<calibrated::Sample>(samples));
  if (samples.size() > calibrated::kMostNetworks) {
    result.notes.push_back(
        fmt::format("of {} networks, {} drawn at random are used", samples.size(), calibrated::kMostNetworks));
    samples.resize(calibrated::kMostNetworks);
  }
  result.rows = samples.size();

  const calibrated::Origin origin{options.name, options.base, options.conditions};
  std::optional<calibrated::Calibration> as_chip, as_regression;
  const bool may_be_regression = options.kind == CalibrationKind::kRegression ||
                                 (options.kind == CalibrationKind::kAuto &&
                                  (chip == nullptr || samples.size() >= calibrated::kLeastRowsOfRegression));
  if (may_be_regression) as_regression = calibrated::calibrate_regression(base, samples, origin);
  const bool may_be_chip = options.kind == CalibrationKind::kEdgeTpu ||
                           (options.kind == CalibrationKind::kAuto && chip != nullptr &&
                            (!as_regression || calibrated::chip_error_in_sample(chip->chip(), samples) <
                                                   as_regression->cross_validated.scores.mape));
  if (may_be_chip) as_chip = calibrated::calibrate_chip(chip->chip(), samples, origin);

  const bool chip_wins =
      as_chip && (!as_regression || as_chip->cross_validated.scores.mape <= as_regression->cross_validated.scores.mape);
  const calibrated::Calibration& best = chip_wins ? *as_chip : *as_regression;
  result.kind = chip_wins ? CalibrationKind::kEdgeTpu : CalibrationKind::kRegression;
  if (as_chip && as_regression)
    result.notes.push_back(
        fmt::format("mean error in cross-validation: {:.1f} % as an Edge TPU, {:.1f} % as a regression",
                    100 * as_chip->cross_validated.scores.mape, 100 * as_regression->cross_validated.scores.mape));
  result.json = best.json;
  result.folds = best.cross_validated.folds;
  result.mape = best.cross_validated.scores.mape;
  result.spearman = best.cross_validated.scores.spearman;
  result.within10 = best.cross_validated.scores.within10;
  result.coverage80 = best.cross_validated.coverage;
  result.uses_base = best.uses_base;
  return result;
}

}  // namespace Atoll
