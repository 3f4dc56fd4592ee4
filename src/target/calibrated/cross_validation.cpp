#include "target/calibrated/cross_validation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace Atoll::calibrated {
namespace {

constexpr double kCoverage = 0.8;

constexpr std::size_t kManyRows = 100, kFoldsOfMany = 5;

// The conformal quantile (Vovk et al., 2005): so wide that a further error lies within it with the chance `kCoverage`.
double width_for(std::vector<double> errors) {
  if (errors.empty()) return 0;
  std::sort(errors.begin(), errors.end());
  const auto rank = static_cast<std::size_t>(std::ceil(kCoverage * static_cast<double>(errors.size() + 1)));
  return errors[std::min(rank, errors.size()) - 1];
}

}  // namespace

CrossValidation cross_validate(std::span<const double> measured, const FitAndPredict& fit, std::size_t most_folds) {
  CrossValidation result;
  const std::size_t rows = measured.size();
  result.folds = std::min(rows, rows > kManyRows ? std::min(most_folds, kFoldsOfMany) : most_folds);
  std::vector<double> predicted(rows), errors(rows);
  for (std::size_t fold = 0; fold < result.folds; ++fold) {
    std::vector<std::size_t> seen, left;
    for (std::size_t i = 0; i < rows; ++i) (i % result.folds == fold ? left : seen).push_back(i);
    const std::vector<HeldOut> answers = fit(seen, left);
    for (std::size_t k = 0; k < left.size(); ++k) {
      predicted[left[k]] = answers[k].ms;
      errors[left[k]] = std::abs(std::log(measured[left[k]] / answers[k].ms)) /
                        std::max(answers[k].spread, std::numeric_limits<double>::min());
    }
  }
  result.scores = score(predicted, measured);
  result.width = width_for(errors);
  double covered = 0;
  for (std::size_t fold = 0; fold < result.folds; ++fold) {
    std::vector<double> others;
    for (std::size_t i = 0; i < rows; ++i)
      if (i % result.folds != fold) others.push_back(errors[i]);
    const double width = width_for(others);
    for (std::size_t i = fold; i < rows; i += result.folds) covered += errors[i] <= width ? 1 : 0;
  }
  result.coverage = rows > 0 ? covered / static_cast<double>(rows) : 0;
  return result;
}

}  // namespace Atoll::calibrated
