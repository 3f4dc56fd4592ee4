// Everything of a search's result that must not depend on how often it was interrupted, or on who trained.
#pragma once

#include <fmt/format.h>

#include <string>

#include "atoll/search.h"

namespace Atoll {

inline std::string fingerprint(const SearchResult& result) {
  std::string text = fmt::format("best {} pareto {}\n", result.best, fmt::join(result.pareto, " "));
  for (const Trial& trial : result.trials) {
    text += fmt::format("{} {} {} {} {:a} {:a} {:a} {} {} {} {}", trial.number, fmt::join(trial.genotype, ","),
                        trial.seed, static_cast<int>(trial.status), trial.scores.accuracy, trial.scores.latency_ms,
                        trial.scores.reward, trial.scores.feasible, trial.macs, trial.params, trial.error);
    for (const Rung& rung : trial.rungs) text += fmt::format(" {}:{:a}:{:a}", rung.epoch, rung.bar, rung.accuracy);
    text += "\n";
  }
  return text;
}

inline std::int64_t count(const SearchResult& result, TrialStatus status) {
  std::int64_t n = 0;
  for (const Trial& trial : result.trials) n += trial.status == status;
  return n;
}

}  // namespace Atoll
