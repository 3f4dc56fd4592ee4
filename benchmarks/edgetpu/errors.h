// Relative errors of predictions, and the line that sums them up.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace Atoll::edgetpu_accuracy {

struct Errors {
  std::vector<double> relative;
  void add(double predicted, double measured) { relative.push_back(predicted / measured - 1); }
  std::string str() const {
    std::vector<double> sorted;
    double sum = 0;
    for (const double e : relative) {
      sorted.push_back(std::abs(e));
      sum += std::abs(e);
    }
    std::sort(sorted.begin(), sorted.end());
    const auto n = static_cast<double>(sorted.size());
    const auto within10 = static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), 0.1) - sorted.begin());
    return sorted.empty()
               ? "no rows"
               : fmt::format("{:4} rows  mean {:5.2f} %  median {:5.2f} %  worst {:6.1f} %  within 10 %: {:5.1f} %",
                             sorted.size(), 100 * sum / n, 100 * sorted[sorted.size() / 2], 100 * sorted.back(),
                             100 * within10 / n);
  }
};

}  // namespace Atoll::edgetpu_accuracy
