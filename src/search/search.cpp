#include "atoll/search.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "atoll/error.h"
#include "atoll/train.h"
#include "base/interrupt.h"
#include "base/timer.h"
#include "search/prerank.h"
#include "search/store_lock.h"

namespace Atoll {
namespace {

// What makes two searches the same one: a store is only resumed by its own.
std::string settings_of(const Space& space, const SearchOptions& options) {
  std::uint64_t hash = 0;
  for (const Decision& decision : space.decisions())
    for (const std::string& choice : decision.choices)
      for (const char letter : decision.name + "=" + choice) hash = mix(hash, static_cast<unsigned char>(letter));
  return fmt::format(
      "space {} ({:016x}), algorithm {}, latency budget {} ms, at most {} work of training, {} candidates, {} trained, "
      "population "
      "{}, "
      "prerank {}, seed {}{}{}",
      space.name(), hash, options.algorithm, options.latency_budget_ms, options.max_work, options.candidates,
      options.trained, options.population, options.prerank, options.seed, options.settings.empty() ? "" : ", ",
      options.settings);
}

// One search from its first candidate to its result. Where the store already knows a trial, the run takes
// the scores from there: replaying them rebuilds the algorithm, so nothing else needs to be saved.
class SearchRun {
 public:
  SearchRun(const Space& space, const Objectives& objectives, const SearchOptions& options,
            const std::function<void(const Trial&)>& on_trial)
      : space_(space), objectives_(objectives), options_(options), on_trial_(on_trial) {
    if (options.trained < 1 || options.candidates < options.trained)
      fail("a search trains {} of {} candidates, but must train at least one, and no more than there are",
           options.trained, options.candidates);
    const int population = options.population > 0
                               ? options.population
                               : static_cast<int>(std::clamp<std::int64_t>(options.trained / 2, 2, 50));
    algorithm_ = make_algorithm(
        options.algorithm, space,
        {.seed = options.seed, .population = population, .sample = std::clamp(population / 2, 2, 10), .ppo = {}});
    open_store();
  }

  SearchResult run() {
    for (std::int64_t slot = 0; slot < options_.trained; ++slot) {
      const std::int64_t end = options_.candidates * (slot + 1) / options_.trained;
      while (asked_ < end) ask();
      if (feasible_ == 0) descend();
      keep_new();
      if (!open_.empty()) train(choose(slot));
    }
    for (const std::size_t i : open_) settled(trials_[i]);
    return result();
  }

 private:
  void open_store() {
    if (options_.store.empty()) return;
    const bool exists = std::filesystem::exists(options_.store);
    if (exists && !options_.resume)
      fail("trial store '{}' exists already: resume that search, or name another file", options_.store.string());
    lock_.emplace(options_.store);
    store_.emplace(options_.store, settings_of(space_, options_));
    old_ = store_->trials();
    for (std::size_t i = 0; i < old_.size(); ++i)
      if (old_[i].number != static_cast<std::int64_t>(i))
        fail("trial store '{}' is damaged: trial {} is missing", options_.store.string(), i);
  }

  double excess(const Trial& trial) const {  // above 1: over a budget
    if (std::isinf(trial.scores.latency_ms)) return 1e9 + static_cast<double>(trial.macs);
    double excess = 0;
    if (options_.latency_budget_ms > 0) excess = trial.scores.latency_ms / options_.latency_budget_ms;
    if (options_.max_work > 0) excess = std::max(excess, trial.work / options_.max_work);
    return excess;
  }

  // The next new candidate of the algorithm. One whose network was met before is told its scores again.
  void ask() {
    ++asked_;
    Genotype genotype;
    for (int attempt = 0; attempt < 200; ++attempt) {
      genotype = algorithm_->ask();
      const auto met = by_line_.find(space_.describe(genotype));
      if (met == by_line_.end()) {
        consider(std::move(genotype));
        return;
      }
      const Trial& trial = trials_[met->second];
      if (trial.status == TrialStatus::kDone || trial.status == TrialStatus::kFiltered)
        algorithm_->tell(genotype, trial.scores);
    }
  }

  // Latency and size of a new candidate, which becomes a trial.
  const Trial& consider(Genotype genotype) {
    throw_if_interrupted();
    const std::size_t index = trials_.size();
    by_line_.emplace(space_.describe(genotype), index);
    Trial trial{.number = static_cast<std::int64_t>(index), .genotype = std::move(genotype)};
    trial.seed = mix(options_.seed, index + 1);
    if (index < old_.size()) {
      const Trial& old = old_[index];
      if (old.genotype != trial.genotype)
        fail("trial store '{}' cannot be resumed: its trial {} is another network than this program asks for",
             options_.store.string(), index);
      trial.scores.latency_ms = old.scores.latency_ms;
      trial.macs = old.macs;
      trial.params = old.params;
      trial.work = old.work;
      const bool broken = old.status == TrialStatus::kFailed && old.scores.latency_ms <= 0;
      judge(trial, broken ? old.error : "");
    } else {
      std::string error;
      try {
        const Estimate known = estimate(trial.genotype);
        trial.macs = known.macs;
        trial.params = known.params;
        trial.work = known.work;
        trial.scores.latency_ms = known.latency_ms;
        if (!(trial.scores.latency_ms > 0)) {
          error = fmt::format("its latency is {} ms, but must be positive", trial.scores.latency_ms);
          trial.scores.latency_ms = 0;
        }
      } catch (const std::runtime_error& problem) {
        if (dynamic_cast<const Interrupted*>(&problem)) throw;
        error = problem.what();
      }
      judge(trial, error);
    }
    trials_.push_back(std::move(trial));
    return trials_.back();
  }

  Estimate estimate(const Genotype& genotype) const {
    if (objectives_.estimate) return objectives_.estimate(genotype);
    const Graph graph = space_.build(genotype);
    const GraphCost cost = cost_of(graph);
    return {objectives_.latency_ms(graph), cost.macs, cost.params, training_work(graph)};
  }

  void judge(Trial& trial, const std::string& error) {
    if (!error.empty()) {
      trial.status = TrialStatus::kFailed;
      trial.error = error;
      trial.scores.feasible = false;
      settled(trial);
    } else if (excess(trial) > 1) {
      trial.status = TrialStatus::kFiltered;
      trial.scores.feasible = false;
      algorithm_->tell(trial.genotype, trial.scores);
      settled(trial);
    } else {
      trial.status = TrialStatus::kPassedOver;  // until it is chosen
      open_.push_back(static_cast<std::size_t>(trial.number));
      ++feasible_;
    }
  }

  // No candidate was within the budget: walks down from the one that came nearest, decision by decision, until
  // one is, or nothing gets nearer.
  void descend() {
    std::size_t nearest = trials_.size();
    for (std::size_t i = 0; i < trials_.size(); ++i)
      if (trials_[i].status == TrialStatus::kFiltered &&
          (nearest == trials_.size() || excess(trials_[i]) < excess(trials_[nearest])))
        nearest = i;
    if (nearest == trials_.size())
      fail("all {} candidates of space '{}' failed; the first: {}", trials_.size(), space_.name(), trials_.at(0).error);
    for (bool better = true; better;) {
      better = false;
      for (std::size_t d = 0; d < space_.decisions().size(); ++d) {
        for (int choice = 0; choice < static_cast<int>(space_.decisions()[d].choices.size()); ++choice) {
          Genotype genotype = trials_[nearest].genotype;
          genotype[d] = choice;
          if (by_line_.contains(space_.describe(genotype))) continue;
          const Trial& trial = consider(std::move(genotype));
          if (feasible_ > 0) return;
          if (trial.status != TrialStatus::kFiltered || excess(trial) >= excess(trials_[nearest])) continue;
          nearest = trials_.size() - 1;
          better = true;
        }
      }
    }
    keep_new();
    const Trial& trial = trials_[nearest];
    const bool too_slow =
        options_.latency_budget_ms > 0 && trial.scores.latency_ms / options_.latency_budget_ms >= excess(trial);
    fail(
        "no network of space '{}' keeps to {}: the {} of {} tried needs {:.3f} ms, and its training the work of {:.2f} "
        "million MACs an image ({})",
        space_.name(), budget_text(), too_slow ? "fastest" : "cheapest to train", trials_.size(),
        trial.scores.latency_ms, trial.work / 1e6, space_.describe(trial.genotype));
  }

  std::string budget_text() const {
    std::string text;
    if (options_.latency_budget_ms > 0)
      text = fmt::format("{} ms", options_.latency_budget_ms);
    else if (options_.max_work <= 0)
      text = "what the target can run";
    if (options_.max_work > 0)
      text += fmt::format("{}a training of {:.2f} million MACs an image", text.empty() ? "" : " and ",
                          options_.max_work / 1e6);
    return text;
  }

  std::size_t choose(std::int64_t slot) {
    const std::size_t chosen = options_.prerank ? most_promising(trials_, open_, slot) : open_.front();
    std::erase(open_, chosen);
    return chosen;
  }

  void train(std::size_t index) {
    throw_if_interrupted();
    Trial& trial = trials_[index];
    if (index < old_.size() &&
        (old_[index].status == TrialStatus::kDone || old_[index].status == TrialStatus::kFailed)) {
      trial = old_[index];
    } else {
      trial.status = TrialStatus::kRunning;
      if (store_) store_->update(trial);
      const double start = seconds_now();
      try {
        trial.scores.accuracy = objectives_.accuracy(space_.build(trial.genotype), trial.seed);
        if (!std::isfinite(trial.scores.accuracy)) fail("its accuracy is {}, no number", trial.scores.accuracy);
        trial.scores.reward = trial.scores.accuracy;
        trial.status = TrialStatus::kDone;
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& problem) {
        trial.scores.accuracy = 0;
        trial.status = TrialStatus::kFailed;
        trial.error = problem.what();
      }
      trial.seconds = seconds_now() - start;
      if (store_) store_->update(trial);
    }
    if (trial.status == TrialStatus::kDone) algorithm_->tell(trial.genotype, trial.scores);
    settled(trial);
  }

  // Candidates go to the store pool by pool.
  void keep_new() {
    if (store_) {
      const std::size_t first = std::max(kept_, old_.size());
      if (first < trials_.size()) store_->add({trials_.begin() + static_cast<std::ptrdiff_t>(first), trials_.end()});
    }
    kept_ = trials_.size();
  }

  void settled(const Trial& trial) const {
    if (on_trial_) on_trial_(trial);
  }

  SearchResult result() {
    SearchResult result{.trials = trials_, .pareto = pareto_front(trials_), .best = 0};
    if (result.pareto.empty()) {
      const auto failed = std::find_if(trials_.begin(), trials_.end(),
                                       [](const Trial& trial) { return trial.status == TrialStatus::kFailed; });
      fail("every training of the search failed; trial {}: {}", failed->number, failed->error);
    }
    result.best = result.pareto.back();  // accuracy grows along the front
    return result;
  }

  const Space& space_;
  const Objectives& objectives_;
  const SearchOptions& options_;
  const std::function<void(const Trial&)>& on_trial_;
  std::unique_ptr<SearchAlgorithm> algorithm_;
  std::optional<StoreLock> lock_;
  std::optional<TrialStore> store_;
  std::vector<Trial> old_;  // of the resumed store
  std::vector<Trial> trials_;
  std::unordered_map<std::string, std::size_t> by_line_;
  std::vector<std::size_t> open_;  // feasible and not trained
  std::size_t kept_ = 0;           // trials that the store has
  std::int64_t asked_ = 0, feasible_ = 0;
};

}  // namespace

SearchResult search(const Space& space, const Objectives& objectives, const SearchOptions& options,
                    const std::function<void(const Trial&)>& on_trial) {
  return SearchRun(space, objectives, options, on_trial).run();
}

}  // namespace Atoll
