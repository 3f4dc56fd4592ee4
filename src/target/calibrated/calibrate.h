// The two ways to make a target of measurements, each with the error it reached on rows it had not seen.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "atoll/target.h"
#include "target/calibrated/cross_validation.h"
#include "target/calibrated/fit_chip.h"
#include "target/calibrated/regression.h"

namespace Atoll::calibrated {

struct Calibration {
  std::string json;  // the target file
  CrossValidation cross_validated;
  bool uses_base = true;
};

struct Origin {  // told in the file
  std::string name, base, conditions;
};

constexpr std::size_t kLeastRowsOfChip = 3, kLeastRowsOfRegression = 5;

// Fits the host's and link's fixed cost and rates, and with more rows the chip's own. The same samples give the same
// bytes. Rows should be shuffled.
Calibration calibrate_chip(const edgetpu::Chip& base, std::span<const Sample> samples, const Origin& origin);
// The error of a chip fitted to all rows, on the same rows: no cross-validation will find less.
double chip_error_in_sample(const edgetpu::Chip& base, std::span<const Sample> samples);

// The error and the interval's width of a regression on these networks, whose order should be drawn.
CrossValidation cross_validate_regression(std::span<const MeasuredWork> works);

// Learns rates and corrections; `base` may be null.
Calibration calibrate_regression(const std::shared_ptr<const Target>& base, std::span<const Sample> samples,
                                 const Origin& origin);

}  // namespace Atoll::calibrated
