#include "contest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "atoll/error.h"

namespace Atoll {
namespace {

template <typename Number>
void set(Number& option, const std::string& value) {
  option = static_cast<Number>(std::stod(value));
}

void set_option(PpoOptions& o, const std::string& name, const std::string& value) {
  const std::map<std::string, int*> integers = {
      {"batch", &o.batch}, {"elites", &o.elites}, {"epochs", &o.epochs},
      {"first", &o.first}, {"pool", &o.pool},     {"neighbours", &o.neighbours},
      {"bred", &o.bred},   {"random", &o.random}, {"short_list", &o.short_list}};
  const std::map<std::string, double*> reals = {
      {"learning_rate", &o.learning_rate}, {"clip", &o.clip}, {"entropy", &o.entropy}};
  if (const auto at = integers.find(name); at != integers.end()) return set(*at->second, value);
  if (const auto at = reals.find(name); at != reals.end()) return set(*at->second, value);
  fail("ppo has no option '{}' here", name);
}

// "ppo:pool=0:bred=20"
std::pair<std::string, AlgorithmOptions> parsed(const std::string& text) {
  AlgorithmOptions options{.population = 50, .sample = 10, .ppo = {}};
  const std::string name = text.substr(0, text.find(':'));
  for (std::size_t at = name.size(); at < text.size();) {
    const std::size_t end = std::min(text.find(':', at + 1), text.size());
    const std::string part = text.substr(at + 1, end - at - 1);
    const std::size_t equals = part.find('=');
    if (name != "ppo" || equals == std::string::npos)
      fail("'{}' names no algorithm: options are those of ppo, as in ppo:pool=0:entropy=0.02", text);
    set_option(options.ppo, part.substr(0, equals), part.substr(equals + 1));
    at = end;
  }
  return {name, options};
}

double hypervolume(Run points, double budget, double best) {
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.latency < b.latency; });
  double area = 0, accuracy = 0;
  for (const Point& point : points) {
    if (point.accuracy <= accuracy) continue;
    area += (point.accuracy - accuracy) * (budget - point.latency);
    accuracy = point.accuracy;
  }
  return area / (budget * best);
}

}  // namespace

void require_algorithm(const std::string& algorithm) {
  const std::string name = parsed(algorithm).first;
  const std::vector<std::string> names = algorithm_names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail("no algorithm is called '{}'; there are: {}", name, fmt::join(names, ", "));
}

Run run_algorithm(const Contest& contest, const std::string& algorithm, int seed, const RunLength& length) {
  const Problem& problem = *contest.problem;
  auto [name, options] = parsed(algorithm);
  options.seed = static_cast<std::uint64_t>(seed);
  const auto searcher = make_algorithm(name, *problem.space, options);
  Run run;
  std::map<Genotype, Scores> known;
  double sum = 0;
  bool reached = false;
  const auto ends = [&] {
    const auto made = static_cast<int>(run.size());
    return made >= length.most || (reached && made >= length.least);
  };
  for (int asked = 0; asked < kAsksPerEvaluation * length.most && !ends(); ++asked) {
    const Genotype genotype = searcher->ask();
    const Genotype network = problem.space->canonical(genotype);
    const auto met = known.find(network);
    if (met != known.end()) {
      searcher->tell(genotype, met->second);
      continue;
    }
    Scores scores{.latency_ms = problem.latency(network)};
    scores.feasible = scores.latency_ms <= contest.budget;
    if (scores.feasible) {
      const double accuracy = problem.accuracy(network);
      scores.accuracy = scores.reward = accuracy / 100;
      sum += scores.accuracy;
      reached |= accuracy >= contest.goal();
      run.push_back({accuracy, scores.latency_ms});
    } else if (!run.empty()) {
      // Never trained: it is credited with the average accuracy, at the latency it has.
      scores.reward = mnas_reward(sum / static_cast<double>(run.size()), scores.latency_ms, contest.budget);
    }
    known.emplace(network, scores);
    searcher->tell(genotype, scores);
  }
  return run;
}

Outcome judge_run(const Contest& contest, const Run& run, const RunLength& length, double seconds) {
  Outcome outcome{.evaluations = static_cast<int>(run.size()), .seconds = seconds, .length = length};
  const auto first = std::find_if(run.begin(), run.end(), [&](const Point& p) { return p.accuracy >= contest.goal(); });
  if (first != run.end()) outcome.needed = static_cast<int>(first - run.begin()) + 1;
  for (int i = 0; i < 3; ++i) {
    const auto n = std::min<std::ptrdiff_t>(kHypervolumeAfter[i], std::ssize(run));
    outcome.hypervolume[i] = hypervolume({run.begin(), run.begin() + n}, contest.budget, contest.best);
  }
  return outcome;
}

}  // namespace Atoll
