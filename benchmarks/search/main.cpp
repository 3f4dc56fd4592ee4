// How many trainings does each search algorithm need? On tabular benchmarks, under latency budgets, over many
// seeds, beside Optuna's samplers on the same tables in the same run.
//   search [--data DATA] [--records FILE] [--seeds 50] [--first-seed 0] [--evaluations 1000] [--full-seeds 10]
//   [--problem TEXT] [--percentiles 10,30,60] [--algorithms random,ppo:pool=0] [--optuna PYTHON] [--optuna-seeds N]
//   [--optuna-evaluations 600]
// Runs that --records has are not made again: remove the file when an algorithm changed.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "atoll/error.h"
#include "atoll/report.h"
#include "base/log.h"
#include "base/timer.h"
#include "contest.h"
#include "optuna.h"
#include "records.h"

namespace Atoll {
namespace {

struct Settings {
  std::filesystem::path data, cache = "nb201_latency.csv", records, script;
  std::string optuna, problem, self;
  int seeds = 50, first_seed = 0, optuna_seeds = 0, evaluations = 1000;
  int full_seeds = 10;           // of which the runs go on when the goal is reached, for the last hypervolume
  int optuna_evaluations = 600;  // at most, of seeds that are not full: a thousand take Optuna minutes
  std::vector<std::string> algorithms = algorithm_names(), samplers = {"tpe", "nsga2"};
  std::vector<int> percentiles = {10, 30, 60};

  bool is_full(int seed) const { return seed < first_seed + full_seeds; }
  RunLength length(int seed, bool of_optuna) const {
    const int most = of_optuna && !is_full(seed) ? std::min(evaluations, optuna_evaluations) : evaluations;
    return {.least = is_full(seed) ? most : std::min(most, kHypervolumeAfter[1]), .most = most};
  }
};

using Outcomes = std::vector<std::pair<int, Outcome>>;  // by seed

Outcomes ours(const Settings& settings, const Contest& contest, const std::string& algorithm, Records& records) {
  Outcomes outcomes;
  for (int seed = settings.first_seed; seed < settings.first_seed + settings.seeds; ++seed) {
    const RunLength length = settings.length(seed, false);
    if (records.find(contest, algorithm, seed, length) == nullptr) {
      const double start = seconds_now();
      const Run run = run_algorithm(contest, algorithm, seed, length);
      records.add(contest, algorithm, seed, judge_run(contest, run, length, seconds_now() - start));
    }
    outcomes.emplace_back(seed, *records.find(contest, algorithm, seed, length));
  }
  return outcomes;
}

Outcomes optunas(const Settings& settings, const Contest& contest, const std::string& sampler, Records& records) {
  const OptunaOptions options{.python = settings.optuna,
                              .script = settings.script.string(),
                              .sampler = sampler,
                              .oracle = {settings.self, "--serve", "1", "--data", settings.data.string(), "--cache",
                                         settings.cache.string(), "--problem", contest.problem->name}};
  const std::string name = "optuna-" + sampler;
  Outcomes outcomes;
  std::vector<int> full, shorter;
  const int end = settings.first_seed + (settings.optuna_seeds > 0 ? settings.optuna_seeds : settings.seeds);
  for (int seed = settings.first_seed; seed < end; ++seed)
    if (records.find(contest, name, seed, settings.length(seed, true)) == nullptr)
      (settings.is_full(seed) ? full : shorter).push_back(seed);
  for (const std::vector<int>& seeds : {full, shorter}) {
    if (seeds.empty()) continue;
    const RunLength length = settings.length(seeds.front(), true);
    run_optuna(options, contest, seeds, length, [&](int seed, const Run& run, double seconds) {
      records.add(contest, name, seed, judge_run(contest, run, length, seconds));
    });
  }
  for (int seed = settings.first_seed; seed < end; ++seed)
    outcomes.emplace_back(seed, *records.find(contest, name, seed, settings.length(seed, true)));
  return outcomes;
}

// A quantile of the evaluations needed. A run that did not reach the goal needs more than it made, and counts as longer
// than any that did: "> n" says all that is known where the quantile falls on one.
std::string needed_text(const Outcomes& outcomes, double q) {
  std::vector<std::pair<double, bool>> needed;  // and whether it is known
  for (const auto& [seed, o] : outcomes) needed.emplace_back(o.needed.value_or(o.evaluations), o.needed.has_value());
  std::sort(needed.begin(), needed.end(),
            [](const auto& a, const auto& b) { return a.second != b.second ? a.second : a.first < b.first; });
  const auto& [value, known] = needed[static_cast<std::size_t>(q * static_cast<double>(needed.size() - 1))];
  return fmt::format("{}{:.0f}", known ? "" : "> ", value);
}

void print_row(report::Table& table, const Settings& settings, const std::string& name, const Outcomes& outcomes) {
  const auto found = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.second.needed; });
  std::vector<std::string> row = {name, needed_text(outcomes, 0.5), needed_text(outcomes, 0.25),
                                  needed_text(outcomes, 0.75), fmt::format("{} of {}", found, outcomes.size())};
  for (int i = 0; i < 3; ++i) {
    const bool full_only = kHypervolumeAfter[i] > kHypervolumeAfter[1];
    double sum = 0, count = 0;
    for (const auto& [seed, outcome] : outcomes) {
      if (full_only && !settings.is_full(seed)) continue;
      sum += outcome.hypervolume[i];
      ++count;
    }
    row.push_back(kHypervolumeAfter[i] > settings.evaluations || count == 0 ? "" : fmt::format("{:.4f}", sum / count));
  }
  table.rows.push_back(std::move(row));
}

void hold(const Settings& settings, const Contest& contest, Records& records) {
  fmt::print("\nbudget {:.3f} ms ({}th percentile of latency), best feasible accuracy {:.3f} %\n{}\n", contest.budget,
             contest.percentile, contest.best, contest.problem->random_search(contest.budget, contest.goal()));
  std::fflush(stdout);
  report::Table table{{"algorithm", "evaluations", "25 %", "75 %", "found", "hv 100", "hv 300", "hv 1000"},
                      {},
                      {false, true, true, true, true, true, true, true}};
  for (const std::string& name : settings.algorithms)
    print_row(table, settings, "atoll " + name, ours(settings, contest, name, records));
  if (!settings.optuna.empty())
    for (const std::string& sampler : settings.samplers)
      print_row(table, settings, "optuna " + sampler, optunas(settings, contest, sampler, records));
  fmt::print("{}", report::text_table(table));
  std::fflush(stdout);
}

void benchmark(const Settings& settings, const std::vector<Problem>& problems) {
  Records records(settings.records);
  for (const Problem& problem : problems) {
    if (problem.name.find(settings.problem) == std::string::npos) continue;
    fmt::print("{}\n  {}\n", problem.name, problem.note);
    for (const int percentile : settings.percentiles) {
      const double budget = quantile(problem.latencies, percentile / 100.0);
      hold(settings, {&problem, percentile, budget, problem.best_within(budget)}, records);
    }
    fmt::print("\n");
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

int run(int argc, char** argv) {
  Settings settings;
  settings.self = std::filesystem::read_symlink("/proc/self/exe").string();
  settings.script = std::filesystem::path(ATOLL_SOURCE_DIR) / "benchmarks" / "search" / "optuna_samplers.py";
  if (const char* data = std::getenv("ATOLL_DATA")) settings.data = data;
  bool server = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (i + 1 == argc) fail("the flag {} needs a value", flag);
    const std::string value = argv[++i];
    if (flag == "--serve")
      server = true;
    else if (flag == "--data")
      settings.data = value;
    else if (flag == "--cache")
      settings.cache = value;
    else if (flag == "--records")
      settings.records = value;
    else if (flag == "--seeds")
      settings.seeds = std::stoi(value);
    else if (flag == "--first-seed")
      settings.first_seed = std::stoi(value);
    else if (flag == "--full-seeds")
      settings.full_seeds = std::stoi(value);
    else if (flag == "--optuna-seeds")
      settings.optuna_seeds = std::stoi(value);
    else if (flag == "--optuna-evaluations")
      settings.optuna_evaluations = std::stoi(value);
    else if (flag == "--evaluations")
      settings.evaluations = std::stoi(value);
    else if (flag == "--optuna")
      settings.optuna = value;
    else if (flag == "--problem")
      settings.problem = value;
    else if (flag == "--algorithms")
      settings.algorithms = value.empty() ? std::vector<std::string>{} : split(value);
    else if (flag == "--samplers")
      settings.samplers = split(value);
    else if (flag == "--percentiles") {
      settings.percentiles.clear();
      for (const std::string& part : split(value)) settings.percentiles.push_back(std::stoi(part));
    } else
      fail("the flag {} is not known", flag);
  }
  for (const std::string& algorithm : settings.algorithms) require_algorithm(algorithm);
  std::vector<Problem> problems = all_problems(settings.data, settings.cache, settings.problem);
  if (problems.empty()) fail("no problem has '{}' in its name", settings.problem);
  if (server)
    serve_problem(problems.front());
  else
    benchmark(settings, problems);
  return 0;
}

}  // namespace
}  // namespace Atoll

int main(int argc, char** argv) {
  try {
    return Atoll::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "search: error: {}\n", error.what());
    return 2;
  }
}
