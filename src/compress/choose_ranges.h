// The range estimator of each tensor, chosen by what the choice does to the network's answers.
#pragma once

#include <span>

#include "compress/observe.h"

namespace Atoll {

// First the best estimator for all tensors, then, tensor by tensor, any other one that lowers the output error on the
// first pictures of `indices`: at most `max_trials` networks are measured, and the tensors come first for which the
// estimators differ most in the noise that they leave. Logits may lose their lower end as well: softmax makes nothing
// of it, and the steps of the rest become finer.
Calibration choose_ranges(const Observations& observations, const Dataset& data, std::span<const std::int64_t> indices,
                          const CalibrationOptions& calibration, const QuantizeOptions& options);

}  // namespace Atoll
