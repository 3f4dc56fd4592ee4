// Search: ask/tell algorithms over a declared space of networks. An algorithm knows nothing of processes,
// files or terminals; the trial store (atoll/trial_store.h) keeps every trial, so that a killed search goes on
// where it was, and hands them to workers (atoll/worker.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/oneshot.h"
#include "atoll/random.h"
#include "atoll/train.h"

namespace Atoll {

// One choice for every decision of a space.
using Genotype = std::vector<int>;

struct Decision {
  std::string name;                  // "stage2/kernel"
  std::vector<std::string> choices;  // "3x3", "5x5"
  int widest = -1;                   // the choice with the most channels, where the decision is about a width
};

class Space {
 public:
  virtual ~Space() = default;
  virtual const std::string& name() const = 0;
  virtual const std::vector<Decision>& decisions() const = 0;
  virtual Graph build(const Genotype& genotype) const = 0;  // training form; throws Error for a bad genotype
  // One line for a person; genotypes that build the same network have the same line.
  virtual std::string describe(const Genotype& genotype) const = 0;
  // Builds the same network, with every choice that says nothing in it set to the decision's first: an expansion where
  // nothing is expanded, an edge of a cell that leads nowhere. What learns from networks compares these.
  virtual Genotype canonical(const Genotype& genotype) const { return genotype; }

  // The network as parts one after the other, of which equal keys are equal networks; empty where a space has no
  // such cut. build_part builds one by its position.
  using PartKey = std::array<std::int32_t, 10>;
  virtual std::vector<PartKey> part_keys(const Genotype&) const { return {}; }
  virtual Graph build_part(const Genotype& genotype, std::size_t part) const;
};

struct SpaceOptions {
  int h = 224, w = 224, channels = 3, classes = 1000;
  std::string table;  // the text of a table, for where its file is not: then `name` only names it
};
// "edgetpu"; "mnasnet"; "nas-bench-201" and "accel-nasbench", of which accuracies are published; or the path of
// a table that a user wrote (.json). Throws Error with the names that exist.
std::unique_ptr<Space> make_space(const std::string& name, const SpaceOptions& options);
std::vector<std::string> space_names();
Genotype random_genotype(const Space& space, Rng& rng);
// Throws Error naming the decision whose choice does not exist.
void require_valid(const Space& space, const Genotype& genotype);

// What is known of a candidate. Objectives: accuracy up, latency down.
struct Scores {
  double accuracy = 0;  // 0..1 on validation images
  double latency_ms = 0;
  double reward = 0;               // what the algorithm maximises
  bool feasible = true;            // false: over the budget, and accuracy is unknown
  std::int64_t size_bytes = 0;     // of its parameters as the target stores them
  std::int64_t memory_bytes = 0;   // of its int8 activations where they need the most
  std::int64_t offchip_bytes = 0;  // of the parameters that no on-chip memory holds
};

// accuracy * (latency / target)^w with w = below when within the target, else above (MnasNet, eq. 2-3:
// soft -0.07/-0.07, hard 0/-1).
double mnas_reward(double accuracy, double latency_ms, double target_ms, double below = 0, double above = -1);

// What an algorithm maximises. `cost` is the latency over the budget.
struct Reward {
  enum class Kind { kMnas, kAbsolute } kind = Kind::kMnas;
  double below = 0, above = -1;  // MNAS: accuracy * cost^w, with w = below when within the budget, else above
  double beta = -0.1;            // absolute (TuNAS): accuracy + beta * |cost - 1|
  double operator()(double accuracy, double cost) const;
};
Reward reward_named(const std::string& name);  // "hard" (0, -1), "soft" (-0.07, -0.07), "absolute"; throws Error

class SearchAlgorithm {
 public:
  virtual ~SearchAlgorithm() = default;
  virtual Genotype ask() = 0;
  virtual void tell(const Genotype& genotype, const Scores& scores) = 0;
};

struct PpoOptions {
  int hidden = 48, embedding = 16;  // units of the controller's LSTM, size of its choice vectors
  int batch = 10;                   // rewards to an update
  int elites = 10;                  // of the best so far, which every update sees again
  int epochs = 4;                   // Adam steps to an update
  double learning_rate = 0.01;
  double clip = 0.2;  // of the ratio of probabilities
  double entropy = 0.01;
  // Advantage: the normal score of a reward by its rank among all, -1 for what is over a budget; or else the reward
  // less the moving mean of the batches' rewards, over the batch's deviation.
  bool by_rank = true;
  double baseline_decay = 0.9;
  // A critic learns from every reward, and of a pool of candidates the one is asked for that promises most.
  int first = 0;         // rewards before there is one; 0: as many as the space has decisions
  int pool = 64;         // samples of the controller; 0: no critic, the controller's samples are asked for as they come
  int neighbours = 12;   // of the best so far, all of whose neighbours (one decision changed) are in the pool
  int bred = 400;        // crossed from the best 40
  int random = 60;       // drawn uniformly
  int short_list = 200;  // of the pool, by expected reward, whose uncertainty is looked at
};

struct AlgorithmOptions {
  std::uint64_t seed = 0;
  int population = 50;  // evolution, nsga2: how many live; surrogate: how many random ones to begin with
  int sample = 10;      // evolution: how many of them compete to be the parent
  PpoOptions ppo;
};
// "random"; "evolution" (regularized: the oldest of a population dies); "ppo" (MNAS: a recurrent controller);
// "nsga2" (accuracy and latency); "local" (hill climbing with restarts); "surrogate" (a Gaussian process over
// the choices says what to try next). What one asks depends on the space, the options and what it was told
// alone, so that telling it the same again rebuilds its state.
std::unique_ptr<SearchAlgorithm> make_algorithm(const std::string& name, const Space& space,
                                                const AlgorithmOptions& options);
std::unique_ptr<SearchAlgorithm> make_algorithm(const std::string& name, const Space& space, std::uint64_t seed);
std::vector<std::string> algorithm_names();
// Those and "oneshot", which asks for more than an algorithm has: images.
std::vector<std::string> search_algorithm_names();

enum class TrialStatus {
  kRunning,
  kDone,
  kFailed,
  kFiltered,    // over a budget, never trained
  kPassedOver,  // within the budgets, but others promised more
  kWaiting,     // chosen, and no worker has begun
  kStopped      // at a rung of its training: hopeless
};
std::string_view name_of(TrialStatus status);  // "running", "done", ...

// A point of a training at which the hopeless are stopped: those below the bar, which is set by the trials that
// were judged before this one was chosen.
struct Rung {
  int epoch = 0;
  double bar = 0;        // -infinity: too few are known
  double accuracy = -1;  // there; below 0: not reached
  bool operator==(const Rung&) const = default;
};

struct Trial {
  std::int64_t number = 0;  // 0, 1, 2, … in the order of asking
  Genotype genotype;
  std::uint64_t seed = 0;
  TrialStatus status = TrialStatus::kRunning;
  Scores scores;
  std::int64_t macs = 0, params = 0;
  double work = 0;     // of training on one image (`training_work`)
  double seconds = 0;  // of the proxy training
  std::string error;   // of a failed trial
  std::string worker;
  std::vector<Rung> rungs;
  std::int64_t finished = 0;  // place in the order in which trainings ended, from 1; 0: not yet
  std::int64_t attempts = 0;  // how often a worker has begun
};

enum class Objective { kAccuracy, kLatency, kSize, kMemory };
Objective objective_named(const std::string& name);  // "accuracy", "latency", ...; throws Error
// Indices of the trials that no other beats in one objective without losing in another (accuracy up, the others
// down); done trials only, the fastest first, and accuracy grows along a front of accuracy and latency.
std::vector<std::size_t> pareto_front(const std::vector<Trial>& trials, const std::vector<Objective>& objectives = {
                                                                            Objective::kAccuracy, Objective::kLatency});

struct SearchOptions {
  std::string algorithm = "evolution";  // one of search_algorithm_names()
  OneShotOptions oneshot;
  PpoOptions ppo;
  Reward reward;  // what is over a budget is credited with the mean accuracy at the cost that it has
  // Hard budgets: a candidate over one is filtered, never trained.
  double latency_budget_ms = 0;  // 0: none
  double max_work = 0;           // of a training (`training_work` of atoll/train.h); 0: none
  std::optional<std::int64_t> max_size_bytes, max_memory_bytes, max_offchip_bytes;
  std::int64_t candidates = 200;  // asked for
  std::int64_t trained = 12;      // of them, at most so many are trained
  int population = 0;             // of the algorithm; 0: by `trained`
  bool prerank = true;            // train the most promising of each pool of candidates, judged by a
                                  // regression on their size; false: the first feasible one
  // Successive halving: at these epochs a training ends unless it is among the best 1/eta of those that came so far.
  std::vector<int> rungs;
  double eta = 2;
  std::vector<Objective> objectives = {Objective::kAccuracy, Objective::kLatency};  // of the Pareto front
  std::uint64_t seed = 0;
  std::string store;     // file or postgresql:// URL; empty: in memory
  bool resume = false;   // go on with `store` where it exists; without it an existing one is refused
  std::string settings;  // whatever else the scores depend on (data, schedule): kept in the store,
                         // and a store with other settings is refused
  int workers = 0;       // trials that are offered at a time to `work` (atoll/worker.h) elsewhere; 0: this
                         // process trains them, one after the other. 1 gives the same result as 0.
  std::string task;      // a SearchTask as JSON: what those workers need to know
};
// What is known of a network before it is trained. A latency of infinity means that the target cannot run it.
struct Costs {
  double latency_ms = 0;
  std::int64_t size_bytes = 0, memory_bytes = 0, offchip_bytes = 0;  // as in Scores
  std::int64_t macs = 0, params = 0;
  double work = 0;  // of training on one image (`training_work`)
  bool operator==(const Costs&) const = default;
};
// How a candidate is judged: what is cheap comes first; accuracy is the proxy training.
struct Objectives {
  std::function<Costs(const Space&, const Genotype&)> costs;
  // On validation images. Calls `hooks` as a training does: `stop` ends it, what they throw goes through.
  std::function<double(const Graph&, std::uint64_t seed, const TrainHooks& hooks)> accuracy;
  std::int64_t validation_images = 0;  // that accuracy is measured on; 0: it is exact
  // The ops of a network that the target cannot run, a line with the reason for each; may be absent.
  std::function<std::vector<std::string>(const Graph&)> obstacles;
  // For one-shot search; may be absent.
  std::function<std::unique_ptr<Supernet>(const Space&, const OneShotOptions&, std::uint64_t seed)> supernet;
};
// Builds the network, counts it, and asks for its latency.
std::function<Costs(const Space&, const Genotype&)> costs_by_latency(std::function<double(const Graph&)> latency_ms);

// Why a network does not map: the choices that it must do without, and the first of the ops that the target refuses,
// with the reason; or an op that it has whatever is chosen.
std::string unmapped_reason(const Space& space, const Objectives& objectives, const Genotype& genotype);

struct SearchResult {
  std::vector<Trial> trials;
  std::vector<std::size_t> pareto;
  std::size_t best = 0;  // into trials: the highest accuracy within the budgets
};
// Throws Error with the fastest latency found when no candidate is within the budgets, with the choices to blame
// when none maps, and Interrupted after the store is complete up to the trial that was running. `on_trial` is told
// of every trial whose fate is settled, those of a resumed store included.
//
// With several workers the order in which they finish decides what is asked next; the store keeps that order, so a
// resumed search goes on from the same state all the same.
SearchResult search(const Space& space, const Objectives& objectives, const SearchOptions& options,
                    const std::function<void(const Trial&)>& on_trial = {});

}  // namespace Atoll
