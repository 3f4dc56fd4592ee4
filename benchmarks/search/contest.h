// Contest: one problem under one latency budget, and what a run of an algorithm in it is judged by.
//
// A candidate over the budget is told its latency and costs nothing, as its training never happens; nor does a
// network that was met before, whatever genotype says it. What counts is an evaluation: a new network within the
// budget.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "problem.h"

namespace Atoll {

struct Contest {
  const Problem* problem = nullptr;
  int percentile = 0;
  double budget = 0, best = 0;  // ms; percent, the best accuracy within the budget
  double goal() const { return best - 0.1; }
};

struct Point {
  double accuracy, latency;
};
using Run = std::vector<Point>;  // the evaluations, in order

// A run goes on until it has both reached the goal and made `least` evaluations, or made `most`; or until it asked
// for kAsksPerEvaluation times as many networks as `most`.
struct RunLength {
  int least = 300, most = 1000;
  bool covers(const RunLength& other) const { return least >= other.least && most >= other.most; }
};
inline constexpr int kAsksPerEvaluation = 4;

// `algorithm` is a name, or "ppo" with options: "ppo:pool=0:entropy=0.02".
Run run_algorithm(const Contest& contest, const std::string& algorithm, int seed, const RunLength& length);
// Throws Error naming what is wrong with `algorithm`.
void require_algorithm(const std::string& algorithm);

struct Outcome {
  std::optional<int> needed;  // evaluations until the goal was reached
  int evaluations = 0;        // that were made
  // Area between the front of the first 100, 300, 1000 evaluations and the corner (accuracy 0, latency = budget), as a
  // share of the rectangle to the best accuracy and latency 0.
  double hypervolume[3] = {};
  double seconds = 0;
  RunLength length;  // that the run was given
};
inline constexpr int kHypervolumeAfter[3] = {100, 300, 1000};
Outcome judge_run(const Contest& contest, const Run& run, const RunLength& length, double seconds);

}  // namespace Atoll
