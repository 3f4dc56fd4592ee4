// Problem: a tabular benchmark. A space, what each of its networks scores, and what is known of the optimum.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "atoll/search.h"

namespace Atoll {

struct Problem {
  std::string name;  // "nb201-cifar10/edgetpu-usb3"
  std::shared_ptr<const Space> space;
  std::function<double(const Genotype&)> accuracy;  // percent; both are asked for canonical genotypes
  std::function<double(const Genotype&)> latency;   // ms
  std::vector<double> latencies;  // of a sample of the space (or all of it), sorted: for the percentiles
  std::string note;               // how faithful the function is
  // The best accuracy within `budget`: by looking at all networks, or by a search far longer than those judged.
  std::function<double(double budget)> best_within;
  // In words: how many evaluations random search needs until `goal`.
  std::function<std::string(double budget, double goal)> random_search;
};

// Those with `name` in their name:
// - NAS-Bench-201's test accuracies with the latency that `atoll predict` gives; the latencies of all 15,625 cells are
//   kept in `cache`, because predicting them takes a while.
// - Accel-NASBench's accuracy with its measured latencies on two FPGAs.
std::vector<Problem> all_problems(const std::filesystem::path& data, const std::filesystem::path& cache,
                                  const std::string& name);

}  // namespace Atoll
