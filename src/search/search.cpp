#include "atoll/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>
#include <unordered_map>

#include "atoll/error.h"
#include "atoll/trial_store.h"
#include "atoll/worker.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "search/budgets.h"
#include "search/oneshot/one_shot_search.h"
#include "search/ppo.h"
#include "search/prerank.h"
#include "search/rungs.h"

namespace Atoll {
namespace {

constexpr double kWorstShare = 10;                         // of a budget: a network that no target runs counts as this
constexpr double kFirstPollMs = 20, kLongestPollMs = 500;  // between looks for results of workers

// What makes two searches the same one: a store is only resumed by its own.
std::string settings_of(const Space& space, const SearchOptions& options) {
  std::uint64_t hash = 0;
  for (const Decision& decision : space.decisions())
    for (const std::string& choice : decision.choices)
      for (const char letter : decision.name + "=" + choice) hash = mix(hash, static_cast<unsigned char>(letter));
  std::string rest;  // what stores of older versions could not have says nothing where it is absent
  const auto limit = [&](const char* name, const std::optional<std::int64_t>& bytes) {
    if (bytes) rest += fmt::format(", at most {} {}", *bytes, name);
  };
  limit("bytes of parameters", options.max_size_bytes);
  limit("bytes of activations", options.max_memory_bytes);
  limit("bytes off the chip", options.max_offchip_bytes);
  if (!options.rungs.empty()) rest += fmt::format(", rungs {} eta {}", fmt::join(options.rungs, " "), options.eta);
  if (options.algorithm == "ppo") rest += ", " + settings_text(options.ppo, options.reward);
  if (options.algorithm == "oneshot") rest += ", " + settings_text(options.oneshot);
  if (options.workers > 1) rest += fmt::format(", {} trials at a time", options.workers);
  return fmt::format(
      "space {} ({:016x}), algorithm {}, latency budget {} ms, at most {} work of training, {} candidates, {} trained, "
      "population {}, "
      "prerank {}, seed {}{}{}{}",
      space.name(), hash, options.algorithm, options.latency_budget_ms, options.max_work, options.candidates,
      options.trained, options.population, options.prerank, options.seed, rest, options.settings.empty() ? "" : ", ",
      options.settings);
}

// One search from its first candidate to its result. Where the store already knows a trial, the run takes
// the scores from there: replaying them, in the order in which they came, rebuilds the algorithm, so nothing else
// needs to be saved.
class SearchRun {
 public:
  SearchRun(const Space& space, const Objectives& objectives, const SearchOptions& options,
            const std::function<void(const Trial&)>& on_trial)
      : space_(space),
        objectives_(objectives),
        options_(options),
        on_trial_(on_trial),
        at_a_time_(static_cast<std::size_t>(std::max(1, options.workers))) {
    if (options.trained < 1 || options.candidates < options.trained)
      fail("a search trains {} of {} candidates, but must train at least one, and no more than there are",
           options.trained, options.candidates);
    if (options.workers < 0) fail("a search has {} workers, but must have 0 or more", options.workers);
    if (options.workers > 0 && options.store.empty())
      fail("a search with workers elsewhere needs a store in which they find their trials");
    require_rungs(options.rungs, options.eta);
    const int population = options.population > 0
                               ? options.population
                               : static_cast<int>(std::clamp<std::int64_t>(options.trained / 2, 2, 50));
    open();
    algorithm_ = options.algorithm == "oneshot" ? one_shot()
                                                : make_algorithm(options.algorithm, space,
                                                                 {.seed = options.seed,
                                                                  .population = population,
                                                                  .sample = std::clamp(population / 2, 2, 10),
                                                                  .ppo = options.ppo});
  }

  SearchResult run() {
    for (std::int64_t slot = 0; slot < options_.trained; ++slot) {
      while (in_training_.size() >= at_a_time_) take_result();
      const std::int64_t end = options_.candidates * (slot + 1) / options_.trained;
      // Where few are within the budgets, more are asked for, up to as many again, so that no training is left out.
      const auto lacks = [&] { return feasible_ > 0 && open_.empty() && asked_ < 2 * options_.candidates; };
      while (asked_ < end || lacks()) ask();
      if (feasible_ == 0) descend();
      keep_new();
      if (!open_.empty()) start(choose(slot));
    }
    while (!in_training_.empty()) take_result();
    for (const std::size_t i : open_) settled(trials_[i]);
    SearchResult found = result();
    if (store_) store_->set_over();
    return found;
  }

 private:
  void open() {
    if (options_.store.empty()) return;
    store_ = own_store(options_.store, settings_of(space_, options_), options_.task, options_.resume);
    old_ = store_->trials();
    for (std::size_t i = 0; i < old_.size(); ++i)
      if (old_[i].number != static_cast<std::int64_t>(i))
        fail("trial store '{}' is damaged: trial {} is missing", store_->name(), i);
  }

  // The supernet's search; its checkpoint lies beside the store.
  std::unique_ptr<SearchAlgorithm> one_shot() const {
    if (!objectives_.supernet) fail("a one-shot search needs images to train its supernet on, but has none");
    OneShotOptions options = options_.oneshot;
    const bool is_file = !options_.store.empty() && options_.store.find("://") == std::string::npos;
    if (options.checkpoint.empty() && is_file) options.checkpoint = options_.store + ".supernet";
    std::uint64_t fingerprint = options_.seed;
    for (const char letter : settings_of(space_, options_))
      fingerprint = mix(fingerprint, static_cast<unsigned char>(letter));
    const auto cost = [this](const Genotype& genotype) {
      Trial trial{.genotype = genotype};
      if (!count(trial).empty()) return std::numeric_limits<double>::infinity();
      return share_of_budget(trial, options_);
    };
    return std::make_unique<OneShotSearch>(space_, cost, objectives_.supernet(space_, options, options_.seed), options,
                                           options_.seed, fingerprint, options_.resume);
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
      if (trial.status == TrialStatus::kDone || trial.status == TrialStatus::kStopped ||
          trial.status == TrialStatus::kFiltered)
        algorithm_->tell(genotype, trial.scores);
    }
  }

  // What a new candidate costs; it becomes a trial.
  const Trial& consider(Genotype genotype) {
    throw_if_interrupted();
    const std::size_t index = trials_.size();
    by_line_.emplace(space_.describe(genotype), index);
    Trial trial{.number = static_cast<std::int64_t>(index), .genotype = std::move(genotype)};
    trial.seed = mix(options_.seed, index + 1);
    std::string error;
    if (index < old_.size())
      error = remember(trial, old_[index]);
    else
      error = count(trial);
    sort_in(trial, error);
    trials_.push_back(std::move(trial));
    return trials_.back();
  }

  // Costs from the store; returns its error.
  std::string remember(Trial& trial, const Trial& old) const {
    if (old.genotype != trial.genotype)
      fail(
          "trial store '{}' cannot be resumed: its trial {} is another network than this program asks for; "
          "the version of atoll that began the search asked for others",
          store_->name(), trial.number);
    trial.scores = old.scores;
    trial.scores.accuracy = trial.scores.reward = 0;
    trial.scores.feasible = true;
    trial.macs = old.macs;
    trial.params = old.params;
    trial.work = old.work;
    const bool broken = old.status == TrialStatus::kFailed && old.scores.latency_ms <= 0;
    return broken ? old.error : "";
  }

  std::string count(Trial& trial) const {
    try {
      return set_costs(trial, objectives_.costs(space_, trial.genotype));
    } catch (const Interrupted&) {
      throw;
    } catch (const std::runtime_error& problem) {
      return problem.what();
    }
  }

  void sort_in(Trial& trial, const std::string& error) {
    if (!error.empty()) {
      trial.status = TrialStatus::kFailed;
      trial.error = error;
      trial.scores.feasible = false;
      settled(trial);
    } else if (excess(trial, options_) > 1) {
      trial.status = TrialStatus::kFiltered;
      trial.scores.feasible = false;
      Scores scores = trial.scores;
      if (!judged_.empty())
        scores.reward = options_.reward(accuracy_sum_ / static_cast<double>(judged_.size()),
                                        std::min(share_of_budget(trial, options_), kWorstShare));
      algorithm_->tell(trial.genotype, scores);
      settled(trial);
    } else {
      trial.status = TrialStatus::kPassedOver;  // until it is chosen
      open_.push_back(static_cast<std::size_t>(trial.number));
      ++feasible_;
    }
  }

  // No candidate was within the budgets: walks down from the one that came nearest, decision by decision, until
  // one is, or nothing gets nearer.
  void descend() {
    std::size_t nearest = trials_.size();
    for (std::size_t i = 0; i < trials_.size(); ++i)
      if (trials_[i].status == TrialStatus::kFiltered &&
          (nearest == trials_.size() || excess(trials_[i], options_) < excess(trials_[nearest], options_)))
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
          if (trial.status != TrialStatus::kFiltered || excess(trial, options_) >= excess(trials_[nearest], options_))
            continue;
          nearest = trials_.size() - 1;
          better = true;
        }
      }
    }
    keep_new();
    fail_infeasible(trials_[nearest]);
  }

  [[noreturn]] void fail_infeasible(const Trial& nearest) const {
    if (std::isinf(nearest.scores.latency_ms))
      fail("no network of space '{}' maps to the target, of {} tried; {}", space_.name(), trials_.size(),
           unmapped_reason(space_, objectives_, nearest.genotype));
    fail("no network of space '{}' keeps to {}: the {} of {} tried needs {} ({})", space_.name(), budget_text(options_),
         is_latency_worst(nearest, options_) ? "fastest" : "cheapest", trials_.size(), costs_text(nearest, options_),
         space_.describe(nearest.genotype));
  }

  std::size_t choose(std::int64_t slot) {
    const bool ranked = options_.algorithm == "oneshot";  // by its supernet, in the order of asking
    const std::size_t chosen = options_.prerank && !ranked ? most_promising(trials_, open_, slot) : open_.front();
    std::erase(open_, chosen);
    return chosen;
  }

  // Its training begins, here or in the queue; nothing is done for one that the store has seen to its end, and one
  // that a worker holds stays with it.
  void start(std::size_t index) {
    throw_if_interrupted();
    Trial& trial = trials_[index];
    trial.rungs = rungs_for(options_.rungs, options_.eta, judged_);
    trial.status = options_.workers > 0 ? TrialStatus::kWaiting : TrialStatus::kRunning;
    in_training_.push_back(index);
    if (!store_) return;
    if (index < old_.size()) {
      const TrialStatus was = old_[index].status;
      const bool in_queue = was == TrialStatus::kRunning || was == TrialStatus::kWaiting;
      if (old_[index].finished > 0 || (options_.workers > 0 && in_queue)) return;
    }
    if (options_.workers == 0) trial.worker = worker_name();
    store_->offer(trial);
  }

  // Takes the result of the training that ended first, waiting for it where none has ended.
  void take_result() {
    Trial trial = next_result();
    ++ended_;
    const auto index = static_cast<std::size_t>(trial.number);
    std::erase(in_training_, index);
    Trial& own = trials_[index];
    const Scores costs = own.scores;
    own = std::move(trial);
    own.scores.latency_ms = costs.latency_ms;
    own.scores.feasible = true;
    if (own.status != TrialStatus::kFailed)
      own.scores.reward = options_.reward(own.scores.accuracy, share_of_budget(own, options_));
    if (own.status == TrialStatus::kDone || own.status == TrialStatus::kStopped) {
      algorithm_->tell(own.genotype, own.scores);
      judged_.push_back(own);
      accuracy_sum_ += own.scores.accuracy;
    }
    settled(own);
  }

  Trial next_result() {
    const Trial* first = nullptr;
    for (const std::size_t i : in_training_)
      if (i < old_.size() && old_[i].finished > 0 && (first == nullptr || old_[i].finished < first->finished))
        first = &old_[i];
    if (first != nullptr) return *first;
    return options_.workers > 0 ? await() : train(in_training_.front());
  }

  Trial train(std::size_t index) {
    throw_if_interrupted();
    Trial trial = judge(space_, objectives_, trials_[index]);
    if (trial.status != TrialStatus::kFailed)
      trial.scores.reward = options_.reward(trial.scores.accuracy, share_of_budget(trial, options_));
    trial.finished = ended_ + 1;  // as the store counts
    if (store_) store_->finish(trial);
    return trial;
  }

  Trial await() {
    if (!told_of_workers_)
      say("{} trials at a time wait for workers: atoll worker --store '{}'", options_.workers, store_->name());
    told_of_workers_ = true;
    std::vector<std::int64_t> numbers(in_training_.begin(), in_training_.end());
    for (double pause_ms = kFirstPollMs;; pause_ms = std::min(1.5 * pause_ms, kLongestPollMs)) {
      throw_if_interrupted();
      std::vector<Trial> finished = store_->finished(numbers);
      if (!finished.empty()) return std::move(finished.front());
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(pause_ms));
    }
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

  SearchResult result() const {
    SearchResult result{.trials = trials_, .pareto = pareto_front(trials_, options_.objectives), .best = 0};
    const std::vector<std::size_t> front = pareto_front(trials_);
    if (front.empty()) {
      const auto failed = std::find_if(trials_.begin(), trials_.end(),
                                       [](const Trial& trial) { return trial.status == TrialStatus::kFailed; });
      fail("every training of the search failed; trial {}: {}", failed->number, failed->error);
    }
    result.best = front.back();  // accuracy grows along the front
    return result;
  }

  const Space& space_;
  const Objectives& objectives_;
  const SearchOptions& options_;
  const std::function<void(const Trial&)>& on_trial_;
  const std::size_t at_a_time_;
  std::unique_ptr<SearchAlgorithm> algorithm_;
  std::unique_ptr<TrialStore> store_;
  std::vector<Trial> old_;  // of the resumed store
  std::vector<Trial> trials_;
  std::unordered_map<std::string, std::size_t> by_line_;
  std::vector<std::size_t> open_;         // feasible and not chosen
  std::vector<std::size_t> in_training_;  // chosen, and their results not taken
  std::vector<Trial> judged_;             // done or stopped, in the order of their results
  std::size_t kept_ = 0;                  // trials that the store has
  std::int64_t asked_ = 0, feasible_ = 0;
  double accuracy_sum_ = 0;  // of judged_
  std::int64_t ended_ = 0;   // trainings whose results were taken
  bool told_of_workers_ = false;
};

}  // namespace

SearchResult search(const Space& space, const Objectives& objectives, const SearchOptions& options,
                    const std::function<void(const Trial&)>& on_trial) {
  return SearchRun(space, objectives, options, on_trial).run();
}

}  // namespace Atoll
