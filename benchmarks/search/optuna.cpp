#include "optuna.h"

#include <fmt/format.h>
#include <stdio.h>

#include <cstring>

#include "atoll/error.h"

namespace Atoll {

void run_optuna(const OptunaOptions& options, const Contest& contest, const std::vector<int>& seeds,
                const RunLength& length, const std::function<void(int seed, const Run& run, double seconds)>& on_run) {
  std::string command =
      fmt::format("'{}' '{}' --budget {} --goal {} --sampler {} --least {} --most {} --asks {} --seeds {} --oracle",
                  options.python, options.script, contest.budget, contest.goal(), options.sampler, length.least,
                  length.most, kAsksPerEvaluation * length.most, fmt::join(seeds, ","));
  for (const std::string& word : options.oracle) command += " '" + word + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) fail("cannot start '{}'", options.python);
  Run run;
  char word[8];
  while (std::fscanf(pipe, "%7s", word) == 1) {
    if (std::strcmp(word, "end") == 0) {
      int seed = 0;
      double seconds = 0;
      if (std::fscanf(pipe, "%d %lf", &seed, &seconds) == 2) on_run(seed, run, seconds);
      run.clear();
    } else if (Point point{}; std::fscanf(pipe, "%lf %lf", &point.accuracy, &point.latency) == 2) {
      run.push_back(point);
    }
  }
  if (::pclose(pipe) != 0) fail("Optuna's runs ended with an error");
}

void serve_problem(const Problem& problem) {
  const auto& decisions = problem.space->decisions();
  fmt::print("{}", decisions.size());
  for (const Decision& decision : decisions) fmt::print(" {}", decision.choices.size());
  fmt::print("\n");
  std::fflush(stdout);
  while (true) {
    Genotype genotype(decisions.size());
    for (int& choice : genotype)
      if (std::scanf("%d", &choice) != 1) return;
    const Genotype network = problem.space->canonical(genotype);
    fmt::print("{} {:.17g} {:.17g}\n", fmt::join(network, "-"), problem.accuracy(network), problem.latency(network));
    std::fflush(stdout);
  }
}

}  // namespace Atoll
