// Two classifiers on the same pictures: what the pictures say about their difference.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace Atoll {

struct Paired {
  std::int64_t images = 0, won = 0, lost = 0;  // pictures that only the second, or only the first, gets right

  double difference() const {
    return static_cast<double>(won - lost) / static_cast<double>(std::max<std::int64_t>(1, images));
  }
  // Of the difference (Wald, for paired shares).
  double standard_error() const {
    const auto n = static_cast<double>(std::max<std::int64_t>(1, images));
    const double d = difference(), changed = static_cast<double>(won + lost) / n;
    return std::sqrt(std::max(0.0, changed - d * d) / n);
  }
  // Half the width of the difference's 95 % interval.
  double ci95() const { return 1.959963984540054 * standard_error(); }
  // McNemar's exact test: the probability of a split as uneven, or more, if both were equally good.
  double p_value() const {
    const std::int64_t n = won + lost, least = std::min(won, lost);
    double sum = 0;
    for (std::int64_t k = 0; k <= least; ++k)
      sum += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
                      std::lgamma(static_cast<double>(n - k) + 1) - static_cast<double>(n) * std::log(2.0));
    return std::min(1.0, 2 * sum);
  }
};

inline Paired paired(const std::vector<bool>& first, const std::vector<bool>& second) {
  Paired result{.images = static_cast<std::int64_t>(first.size())};
  for (std::size_t i = 0; i < first.size() && i < second.size(); ++i) {
    result.won += second[i] && !first[i];
    result.lost += first[i] && !second[i];
  }
  return result;
}

}  // namespace Atoll
