#include "search/rungs.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "atoll/error.h"

namespace Atoll {

std::vector<Rung> rungs_for(const std::vector<int>& epochs, double eta, const std::vector<Trial>& judged) {
  std::vector<Rung> rungs;
  for (std::size_t r = 0; r < epochs.size(); ++r) {
    std::vector<double> others;
    for (const Trial& trial : judged)
      if (r < trial.rungs.size() && trial.rungs[r].accuracy >= 0) others.push_back(trial.rungs[r].accuracy);
    Rung rung{.epoch = epochs[r], .bar = -std::numeric_limits<double>::infinity()};
    const double n = static_cast<double>(others.size()) + 1;
    if (n >= eta + 1) {
      std::sort(others.begin(), others.end(), std::greater<>());
      const auto passing = static_cast<std::size_t>(std::ceil(n / eta));
      if (passing <= others.size()) rung.bar = others[passing - 1];
    }
    rungs.push_back(rung);
  }
  return rungs;
}

void require_rungs(const std::vector<int>& epochs, double eta) {
  if (!(eta > 1)) fail("eta is {}, but must be above 1: of eta trainings one passes a rung", eta);
  for (std::size_t i = 0; i < epochs.size(); ++i)
    if (epochs[i] < 1 || (i > 0 && epochs[i] <= epochs[i - 1]))
      fail("the rungs are the epochs {}, but each must be at least 1 and later than the one before",
           fmt::join(epochs, ", "));
}

}  // namespace Atoll
