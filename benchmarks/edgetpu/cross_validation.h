// How the chip model does on rows that its parameters were not fitted to: by folds, and by whole families left out.
#pragma once

#include <span>
#include <string>

#include "edgetpu/fit.h"

namespace Atoll::edgetpu_accuracy {

// Prints the errors in the sample, by ten folds and with each family of each link left out; what 80 % interval the
// held-out rows ask for, and how often it holds on families that had no part in making it.
void cross_validate(std::span<const Row> rows, bool verbose);

}  // namespace Atoll::edgetpu_accuracy
