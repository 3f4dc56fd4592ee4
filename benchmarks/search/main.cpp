// How many trainings does each search algorithm need? On tabular benchmarks, under latency budgets, over many
// seeds, beside Optuna's samplers on the same tables in the same run.
//   search --data DATA [--seeds 50] [--first-seed 0] [--evaluations 1000] [--optuna PYTHON] [--optuna-seeds N]
//   [--problem TEXT]
// A candidate over the budget is told its latency and costs nothing, as its training never happens; nor does a
// network that was met before.
#include <fmt/format.h>
#include <stdio.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "atoll/error.h"
#include "atoll/report.h"
#include "base/log.h"
#include "base/timer.h"
#include "problem.h"

namespace Atoll {
namespace {

struct Settings {
  std::filesystem::path data, cache = "nb201_latency.csv", script;
  std::string optuna, problem, self;
  int seeds = 50, first_seed = 0, optuna_seeds = 0, evaluations = 1000;
  std::vector<std::string> algorithms = algorithm_names(), samplers = {"tpe", "nsga2"};
  std::vector<int> percentiles = {10, 30, 60};
};

struct Point {
  double accuracy, latency;
};
using Run = std::vector<Point>;  // feasible, new, in order

Run run_ours(const Problem& problem, double budget, const std::string& name, int seed, int evaluations) {
  AlgorithmOptions options{.seed = static_cast<std::uint64_t>(seed), .population = 50, .sample = 10, .ppo = {}};
  const auto algorithm = make_algorithm(name, *problem.space, options);
  Run run;
  std::map<Genotype, Scores> known;
  double sum = 0;
  for (int asked = 0; asked < 40 * evaluations && static_cast<int>(run.size()) < evaluations; ++asked) {
    const Genotype genotype = algorithm->ask();
    const auto met = known.find(genotype);
    if (met != known.end()) {
      algorithm->tell(genotype, met->second);
      continue;
    }
    Scores scores{.latency_ms = problem.latency(genotype)};
    scores.feasible = scores.latency_ms <= budget;
    if (scores.feasible) {
      scores.accuracy = scores.reward = problem.accuracy(genotype) / 100;
      sum += scores.accuracy;
      run.push_back({problem.accuracy(genotype), scores.latency_ms});
    } else if (!run.empty()) {
      // Never trained: it is credited with the average accuracy, at the latency it has.
      scores.reward = mnas_reward(sum / static_cast<double>(run.size()), scores.latency_ms, budget);
    }
    known.emplace(genotype, scores);
    algorithm->tell(genotype, scores);
  }
  return run;
}

// Area between the front of the first n points and the corner (accuracy 0, latency = budget), as a share of
// the rectangle to the best accuracy and latency 0.
double hypervolume(const Run& run, std::size_t n, double budget, double best) {
  std::vector<Point> points(run.begin(), run.begin() + static_cast<std::ptrdiff_t>(std::min(n, run.size())));
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.latency < b.latency; });
  double area = 0, accuracy = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].accuracy <= accuracy) continue;
    area += (points[i].accuracy - accuracy) * (budget - points[i].latency);
    accuracy = points[i].accuracy;
  }
  return area / (budget * best);
}

// Evaluations until within 0.1 points of the best; one more than allowed where never.
double evaluations_needed(const Run& run, double best, int allowed) {
  for (std::size_t i = 0; i < run.size(); ++i)
    if (run[i].accuracy >= best - 0.1) return static_cast<double>(i + 1);
  return allowed + 1;
}

std::map<int, Run> run_optuna(const Settings& settings, const Problem& problem, double budget,
                              const std::string& sampler) {
  const std::string command = fmt::format(
      "'{}' '{}' --oracle '{}' --data '{}' --cache '{}' --problem '{}' --budget {} --sampler {} --seeds {} "
      "--evaluations {}",
      settings.optuna, settings.script.string(), settings.self, settings.data.string(), settings.cache.string(),
      problem.name, budget, sampler, settings.optuna_seeds, settings.evaluations);
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) fail("cannot start '{}'", settings.optuna);
  std::map<int, Run> runs;
  int seed = 0;
  Point point{};
  while (std::fscanf(pipe, "%d %lf %lf", &seed, &point.accuracy, &point.latency) == 3) runs[seed].push_back(point);
  if (::pclose(pipe) != 0) fail("Optuna's run ended with an error");
  return runs;
}

const Problem& find(const std::vector<Problem>& problems, const std::string& name) {
  for (const Problem& problem : problems)
    if (problem.name == name) return problem;
  fail("no problem is called '{}'", name);
}

// Answers "choice choice …" lines with "accuracy latency": Optuna sees the very same tables.
void serve(const Problem& problem) {
  fmt::print("{}", problem.space->decisions().size());
  for (const Decision& decision : problem.space->decisions()) fmt::print(" {}", decision.choices.size());
  fmt::print("\n");
  std::fflush(stdout);
  while (true) {
    Genotype genotype(problem.space->decisions().size());
    for (int& choice : genotype)
      if (std::scanf("%d", &choice) != 1) return;
    fmt::print("{:.17g} {:.17g}\n", problem.accuracy(genotype), problem.latency(genotype));
    std::fflush(stdout);
  }
}

void print_row(report::Table& table, const std::string& name, const std::vector<Run>& runs, double budget, double best,
               int allowed, double seconds) {
  std::vector<double> needed;
  for (const Run& run : runs) needed.push_back(evaluations_needed(run, best, allowed));
  const auto found = std::count_if(needed.begin(), needed.end(), [&](double n) { return n <= allowed; });
  const double middle = median(needed);
  std::vector<std::string> row = {name, middle > allowed ? fmt::format("> {}", allowed) : fmt::format("{:.0f}", middle),
                                  fmt::format("{:.0f}", quantile(needed, 0.25)),
                                  fmt::format("{:.0f}", quantile(needed, 0.75)),
                                  fmt::format("{} of {}", found, runs.size())};
  for (const std::size_t n : {100u, 300u, 1000u}) {
    double sum = 0;
    for (const Run& run : runs) sum += hypervolume(run, n, budget, best);
    row.push_back(static_cast<int>(n) > allowed ? "" : fmt::format("{:.4f}", sum / static_cast<double>(runs.size())));
  }
  row.push_back(fmt::format("{:.2f}", seconds / static_cast<double>(runs.size())));
  table.rows.push_back(std::move(row));
}

void benchmark(const Settings& settings, const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.name.find(settings.problem) == std::string::npos) continue;
    fmt::print("{}\n  {}\n", problem.name, problem.note);
    for (const int percentile : settings.percentiles) {
      const double budget = quantile(problem.latencies, percentile / 100.0), best = problem.best_within(budget);
      fmt::print("\nbudget {:.3f} ms ({}th percentile of latency), best feasible accuracy {:.3f} %\n", budget,
                 percentile, best);
      report::Table table{{"algorithm", "evaluations", "25 %", "75 %", "found", "hv 100", "hv 300", "hv 1000", "s/run"},
                          {},
                          {false, true, true, true, true, true, true, true, true}};
      for (const std::string& name : settings.algorithms) {
        std::vector<Run> runs;
        const double start = seconds_now();
        for (int seed = settings.first_seed; seed < settings.first_seed + settings.seeds; ++seed)
          runs.push_back(run_ours(problem, budget, name, seed, settings.evaluations));
        print_row(table, "atoll " + name, runs, budget, best, settings.evaluations, seconds_now() - start);
      }
      for (const std::string& sampler : settings.samplers) {
        if (settings.optuna.empty()) break;
        std::vector<Run> runs;
        const double start = seconds_now();
        for (auto& [seed, run] : run_optuna(settings, problem, budget, sampler)) runs.push_back(std::move(run));
        print_row(table, "optuna " + sampler, runs, budget, best, settings.evaluations, seconds_now() - start);
      }
      fmt::print("{}", report::text_table(table));
      std::fflush(stdout);
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
  settings.data = std::filesystem::path(ATOLL_SOURCE_DIR) / ".." / "shared" / "data";
  if (const char* data = std::getenv("ATOLL_DATA")) settings.data = data;
  bool server = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--serve") {
      server = true;
      continue;
    }
    if (i + 1 == argc) fail("the flag {} needs a value", flag);
    const std::string value = argv[++i];
    if (flag == "--data")
      settings.data = value;
    else if (flag == "--cache")
      settings.cache = value;
    else if (flag == "--seeds")
      settings.seeds = std::stoi(value);
    else if (flag == "--first-seed")
      settings.first_seed = std::stoi(value);
    else if (flag == "--optuna-seeds")
      settings.optuna_seeds = std::stoi(value);
    else if (flag == "--evaluations")
      settings.evaluations = std::stoi(value);
    else if (flag == "--optuna")
      settings.optuna = value;
    else if (flag == "--problem")
      settings.problem = value;
    else if (flag == "--algorithms")
      settings.algorithms = split(value);
    else if (flag == "--samplers")
      settings.samplers = split(value);
    else if (flag == "--percentiles") {
      settings.percentiles.clear();
      for (const std::string& part : split(value)) settings.percentiles.push_back(std::stoi(part));
    } else
      fail("the flag {} is not known", flag);
  }
  if (settings.optuna_seeds == 0) settings.optuna_seeds = settings.seeds;
  std::vector<Problem> problems;
  if (!server || settings.problem.starts_with("nb201"))
    problems = nas_bench_201_problems(settings.data, settings.cache);
  if (!server || settings.problem.starts_with("accel"))
    for (Problem& problem : accel_nasbench_problems(settings.data)) problems.push_back(std::move(problem));
  if (server)
    serve(find(problems, settings.problem));
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
