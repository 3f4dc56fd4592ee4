#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "atoll/error.h"
#include "target/calibrated/calibrate.h"
#include "target/calibrated/calibration_json.h"
#include "target/edgetpu/analysis.h"

namespace Atoll::calibrated {
namespace {

constexpr std::size_t kFolds = 5;
constexpr std::size_t kRowsForChip = 60;  // a handful of parameters needs no more

// One parameter for every three rows at most, the most telling ones first.
std::vector<std::string> fields_for(std::size_t rows) {
  const std::vector<std::string> all = {
      "link.fixed_ms",        "link.parameters_mb_per_s",   "compute.clock_mhz",
      "link.input_mb_per_s",  "link.instructions_mb_per_s", "compute.depthwise_output_cycles",
      "link.output_mb_per_s", "link.output_us_per_position"};
  const std::size_t n = std::clamp<std::size_t>(rows / 3, 1, all.size());
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)};
}

edgetpu::Chip fitted(const edgetpu::Chip& base, std::span<const Sample> samples,
                     const std::vector<std::string>& fields) {
  return fit_chip(base, samples.first(std::min(samples.size(), kRowsForChip)), fields);
}

}  // namespace

double chip_error_in_sample(const edgetpu::Chip& base, std::span<const Sample> samples) {
  const edgetpu::Chip chip = fitted(base, samples, fields_for(samples.size()));
  double sum = 0;
  for (const Sample& sample : samples) sum += std::abs(edgetpu::analyse(chip, sample.network).total_ms / sample.ms - 1);
  return sum / static_cast<double>(samples.size());
}

Calibration calibrate_chip(const edgetpu::Chip& base, std::span<const Sample> samples, const Origin& origin) {
  if (samples.size() < kLeastRowsOfChip)
    fail("calibrating an Edge TPU needs measurements of at least {} networks, but there are {}", kLeastRowsOfChip,
         samples.size());
  const std::vector<std::string> fields = fields_for(samples.size());
  std::vector<double> measured;
  for (const Sample& sample : samples) measured.push_back(sample.ms);
  Calibration result;
  result.cross_validated = cross_validate(
      measured,
      [&](std::span<const std::size_t> seen, std::span<const std::size_t> left) {
        std::vector<Sample> rows;
        for (const std::size_t i : seen) rows.push_back(samples[i]);
        const edgetpu::Chip chip = fitted(base, rows, fields);
        std::vector<HeldOut> answers;
        for (const std::size_t i : left) answers.push_back({edgetpu::analyse(chip, samples[i].network).total_ms, 1});
        return answers;
      },
      kFolds);
  edgetpu::Chip chip = fitted(base, samples, fields);
  chip.name = origin.name;
  chip.description = "calibrated from " + std::to_string(samples.size()) + " measurements";
  chip.interval = {std::exp(-result.cross_validated.width), std::exp(result.cross_validated.width)};
  auto json = nlohmann::ordered_json::parse(edgetpu::write_chip(chip));
  json["calibration"] = calibration_json(origin, samples.size(), result.cross_validated);
  json["calibration"]["fitted"] = fields;
  result.json = json.dump(2) + "\n";
  return result;
}

}  // namespace Atoll::calibrated
