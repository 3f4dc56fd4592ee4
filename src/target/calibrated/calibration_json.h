// What a target file tells of its making: conditions of the measurements, and the error in cross-validation.
#pragma once

#include <nlohmann/json.hpp>

#include "target/calibrated/calibrate.h"

namespace Atoll::calibrated {

inline nlohmann::ordered_json calibration_json(const Origin& origin, std::size_t rows,
                                               const CrossValidation& validation) {
  return {{"base", origin.base},
          {"conditions", origin.conditions},
          {"rows", rows},
          {"folds", validation.folds},
          {"mape", validation.scores.mape},
          {"spearman", validation.scores.spearman},
          {"within10", validation.scores.within10},
          {"coverage80", validation.coverage}};
}

}  // namespace Atoll::calibrated
