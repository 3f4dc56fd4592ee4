// Cross-validation: every measurement is predicted by a fit that has not seen it. Tells the error to expect, how wide
// an 80 % interval must be, and whether such an interval holds on rows that did not set its width.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "target/calibrated/fit_chip.h"

namespace Atoll::calibrated {

struct HeldOut {
  double ms = 0;
  double spread = 1;  // what the fit itself thinks of its error; only the proportion between rows matters
};
// Fits to the rows `seen` and predicts the rows `left`.
using FitAndPredict =
    std::function<std::vector<HeldOut>(std::span<const std::size_t> seen, std::span<const std::size_t> left)>;

struct CrossValidation {
  std::size_t folds = 0;
  Scores scores;
  double width = 0;     // of the 80 % interval: exp(+-width * spread) around a prediction
  double coverage = 0;  // share of rows in an interval whose width the other folds gave
};
// Rows are dealt to the folds in their order, so they should be shuffled. With few rows, each is a fold of its own;
// with more than a hundred there are five at most.
CrossValidation cross_validate(std::span<const double> measured, const FitAndPredict& fit, std::size_t most_folds = 10);

}  // namespace Atoll::calibrated
