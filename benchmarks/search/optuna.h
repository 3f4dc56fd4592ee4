// Optuna's samplers in a contest: another process, which asks this one's tables through pipes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "contest.h"

namespace Atoll {

struct OptunaOptions {
  std::string python;               // an interpreter that has Optuna
  std::string script;               // optuna_samplers.py
  std::string sampler;              // "tpe", "nsga2"
  std::vector<std::string> oracle;  // the command that serves the problem: `serve_problem`
};
// Calls `on_run` as soon as a run has ended.
void run_optuna(const OptunaOptions& options, const Contest& contest, const std::vector<int>& seeds,
                const RunLength& length, const std::function<void(int seed, const Run& run, double seconds)>& on_run);

// Answers lines "choice choice …" on stdin with "network accuracy latency" on stdout, until there are no more; two
// genotypes of one network have the same first word.
void serve_problem(const Problem& problem);

}  // namespace Atoll
