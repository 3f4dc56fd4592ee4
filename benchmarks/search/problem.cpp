#include "problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "atoll/error.h"
#include "atoll/target.h"
#include "base/file.h"
#include "base/log.h"
#include "boosted_trees.h"

namespace Atoll {
namespace {

std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  for (const char c : read_text(path)) {
    if (c == ',')
      rows.back().emplace_back();
    else if (c == '\n')
      rows.emplace_back(1);
    else if (c != '\r')
      rows.back().back() += c;
  }
  while (!rows.empty() && rows.back().size() < 2) rows.pop_back();
  return rows;
}

std::size_t column(const std::vector<std::string>& header, const std::string& name) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) fail("the table has no column '{}'", name);
  return static_cast<std::size_t>(at - header.begin());
}

std::size_t cell_index(const Genotype& genotype) {
  std::size_t index = 0;
  for (const int choice : genotype) index = 5 * index + static_cast<std::size_t>(choice);
  return index;
}

Genotype cell_at(std::size_t index) {
  Genotype genotype(6);
  for (std::size_t i = 6; i-- > 0; index /= 5) genotype[i] = static_cast<int>(index % 5);
  return genotype;
}

std::vector<double> predicted_latencies(const Space& space, const std::filesystem::path& cache) {
  std::vector<double> latencies;
  if (std::filesystem::exists(cache))
    for (const auto& row : read_csv(cache)) latencies.push_back(std::stod(row[1]));
  if (latencies.size() == 15625) return latencies;
  latencies.clear();
  const auto target = open_target("edgetpu-usb3");
  Progress progress("predicting the latency of every cell", 15625);
  std::string text;
  for (std::size_t i = 0; i < 15625; ++i) {
    latencies.push_back(target->predict(space.build(cell_at(i))).latency_ms);
    text += fmt::format("{},{}\n", i, latencies.back());
    progress.update(static_cast<double>(i + 1));
  }
  write_file(cache, text);
  return latencies;
}

// Drawn without replacement, the first of k good ones among n is met after (n + 1) / (k + 1) draws on average.
std::string draws_needed(std::size_t n, std::size_t k) {
  double none = 1;
  std::size_t median = 0;
  for (; none > 0.5; ++median) none *= static_cast<double>(n - k - median) / static_cast<double>(n - median);
  return fmt::format(
      "random search needs {:.0f} evaluations on average, {} in the median: of {} networks within the budget, {} reach "
      "the goal",
      static_cast<double>(n + 1) / static_cast<double>(k + 1), median, n, k);
}

std::vector<Problem> nas_bench_201_problems(const std::filesystem::path& data, const std::filesystem::path& cache) {
  const auto rows = read_csv(data / "search" / "nb201_accuracy_natsbench.csv");
  const std::shared_ptr<const Space> space = make_space("nas-bench-201", {32, 32, 3, 10});
  const auto latencies = std::make_shared<const std::vector<double>>(predicted_latencies(*space, cache));
  std::map<std::string, std::size_t> index_of;
  // Of cells that differ in edges that carry nothing, the one without them stands for all.
  std::vector<std::size_t> networks;
  for (std::size_t i = 0; i < 15625; ++i) {
    index_of[space->describe(cell_at(i))] = i;
    if (space->canonical(cell_at(i)) == cell_at(i)) networks.push_back(i);
  }
  std::vector<Problem> problems;
  for (const auto& [field, name] : {std::pair("CIFAR10TestAccuracy200Epochs", "nb201-cifar10"),
                                    std::pair("ImageNetTestAccuracy200Epochs", "nb201-imagenet16")}) {
    auto table = std::make_shared<std::vector<double>>(15625, -1.0);
    const std::size_t value = column(rows[0], field), cell = column(rows[0], "ArchitectureString");
    for (std::size_t i = 1; i < rows.size(); ++i)
      (*table)[index_of.at("nas-bench-201:" + rows[i][cell])] = std::stod(rows[i][value]);
    if (std::count(table->begin(), table->end(), -1.0) > 0) fail("the table of NAS-Bench-201 is not complete");
    Problem problem{.name = fmt::format("{}/edgetpu-usb3", name), .space = space};
    problem.accuracy = [table](const Genotype& genotype) { return (*table)[cell_index(genotype)]; };
    problem.latency = [latencies](const Genotype& genotype) { return (*latencies)[cell_index(genotype)]; };
    for (const std::size_t i : networks) problem.latencies.push_back((*latencies)[i]);
    std::sort(problem.latencies.begin(), problem.latencies.end());
    problem.note = fmt::format(
        "{} networks, all of 15,625 cells but for edges that carry nothing: published test accuracy, latency from "
        "`atoll predict`",
        networks.size());
    problem.best_within = [table, latencies, networks](double budget) {
      double best = 0;
      for (const std::size_t i : networks)
        if ((*latencies)[i] <= budget) best = std::max(best, (*table)[i]);
      return best;
    };
    problem.random_search = [table, latencies, networks](double budget, double goal) {
      std::size_t within = 0, good = 0;
      for (const std::size_t i : networks) {
        if ((*latencies)[i] > budget) continue;
        ++within;
        good += (*table)[i] >= goal;
      }
      return draws_needed(within, good);
    };
    problems.push_back(std::move(problem));
  }
  return problems;
}

std::vector<Problem> accel_nasbench_problems(const std::filesystem::path& data) {
  const auto rows = read_csv(data / "search" / "accel_nasbench.csv");
  const std::shared_ptr<const Space> space = make_space("accel-nasbench", {224, 224, 3, 1000});
  const std::size_t first = column(rows[0], "block0_e"), top1 = column(rows[0], "val_top1");
  // A model is fitted to nine tenths to say how good it is, and then to everything.
  const auto fitted = [&](std::size_t value, bool logarithm, std::string& note) {
    std::vector<Genotype> train, test, all;
    std::vector<double> train_values, test_values, all_values, predicted;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i][value].empty()) continue;
      Genotype genotype;
      for (std::size_t d = 0; d < space->decisions().size(); ++d) {
        const auto& choices = space->decisions()[d].choices;
        genotype.push_back(
            static_cast<int>(std::find(choices.begin(), choices.end(), rows[i][first + d]) - choices.begin()));
      }
      require_valid(*space, genotype);
      const double y = logarithm ? std::log(std::stod(rows[i][value])) : std::stod(rows[i][value]);
      (i % 10 == 0 ? test : train).push_back(genotype);
      (i % 10 == 0 ? test_values : train_values).push_back(y);
      all.push_back(genotype);
      all_values.push_back(y);
    }
    const BoostedTrees judged(train, train_values, {}, 1);
    for (const Genotype& genotype : test) predicted.push_back(judged(genotype));
    note += fmt::format("{} R2 {:.3f} Kendall {:.3f}; ", rows[0][value], r_squared(test_values, predicted),
                        kendall_tau(test_values, predicted));
    return std::make_shared<const BoostedTrees>(all, all_values, BoostingOptions{}, 1);
  };
  std::string accuracy_note;
  const auto accuracy = fitted(top1, false, accuracy_note);
  std::vector<Problem> problems;
  for (const char* chip : {"vck190", "zcu102"}) {
    Problem problem{.name = fmt::format("accel-imagenet/{}", chip), .space = space};
    problem.note = "boosted trees fitted to 5,138 measured networks, on a held-out tenth: " + accuracy_note;
    const auto latency = fitted(column(rows[0], fmt::format("latency_{}", chip)), true, problem.note);
    problem.accuracy = [accuracy](const Genotype& genotype) { return (*accuracy)(genotype); };
    problem.latency = [latency](const Genotype& genotype) { return std::exp((*latency)(genotype)); };
    Rng rng(5);
    for (int i = 0; i < 5000; ++i) problem.latencies.push_back(problem.latency(random_genotype(*space, rng)));
    std::sort(problem.latencies.begin(), problem.latencies.end());
    problem.best_within = [problem](double budget) {
      // Too many networks to look at all: the best of 8 hill climbs and 8 evolutions of 15,000 steps each.
      double best = 0;
      for (std::uint64_t run = 0; run < 16; ++run) {
        const auto algorithm = make_algorithm(run % 2 ? "local" : "evolution", *problem.space, 1000 + run);
        for (int i = 0; i < 15000; ++i) {
          const Genotype genotype = algorithm->ask();
          Scores scores{.latency_ms = problem.latency(genotype)};
          scores.feasible = scores.latency_ms <= budget;
          if (scores.feasible) scores.accuracy = scores.reward = problem.accuracy(genotype);
          best = std::max(best, scores.accuracy);
          algorithm->tell(genotype, scores);
        }
      }
      return best;
    };
    problem.random_search = [problem](double budget, double goal) {
      constexpr int kDrawn = 100000;
      Rng drawn(6);
      int good = 0;
      for (int within = 0; within < kDrawn;) {
        const Genotype genotype = random_genotype(*problem.space, drawn);
        if (problem.latency(genotype) > budget) continue;
        ++within;
        good += problem.accuracy(genotype) >= goal;
      }
      return fmt::format("of {} networks drawn within the budget, {} reach the goal", kDrawn, good);
    };
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace

std::vector<Problem> all_problems(const std::filesystem::path& data, const std::filesystem::path& cache,
                                  const std::string& name) {
  std::vector<Problem> problems;
  // The families are made only where a name may be meant; both take seconds.
  if (!name.starts_with("accel")) problems = nas_bench_201_problems(data, cache);
  if (!name.starts_with("nb201"))
    for (Problem& problem : accel_nasbench_problems(data)) problems.push_back(std::move(problem));
  std::erase_if(problems, [&](const Problem& problem) { return problem.name.find(name) == std::string::npos; });
  return problems;
}

}  // namespace Atoll
