// OneShotSearch: trains a supernet and the distribution of its choices (atoll/oneshot.h) when it is asked for the
// first time; then hands out the network that became most probable, and others drawn from the distribution, the best
// by the shared weights first.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "atoll/oneshot.h"
#include "search/algorithms.h"
#include "search/oneshot/choice_policy.h"

namespace Atoll {

class OneShotSearch : public SearchAlgorithm {
 public:
  // The share of the budgets that a network needs: its latency over the budget, or what exceeds its own by more.
  // Above 1: over a budget.
  using Cost = std::function<double(const Genotype&)>;
  // `fingerprint`: of all that the result depends on, for the checkpoint in `options`, which is gone on with where
  // it exists and `resume` is set. Refers to the space.
  OneShotSearch(const Space& space, Cost cost, std::unique_ptr<Supernet> supernet, const OneShotOptions& options,
                std::uint64_t seed, std::uint64_t fingerprint, bool resume);

  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

  const ChoicePolicy& policy() const { return policy_; }

 private:
  struct Finalist {
    Genotype genotype;
    double accuracy = -1;  // by the shared weights; below 0: not judged yet
  };
  bool finds_feasible() const;
  void prepare();
  void train_supernet();
  void step();
  Genotype draw();
  bool worth_training(const Genotype& genotype) const;
  double rate() const;
  double reward(double accuracy, double cost) const;
  void choose_finalists();
  Genotype within(double limit, Genotype genotype) const;  // of the cost; or as near as single changes get
  void judge_finalists();

  void pause();  // between two steps: Ctrl-C, and a checkpoint when its time has come
  void save();
  void load();

  const Space& space_;
  Cost cost_;
  std::unique_ptr<Supernet> supernet_;
  OneShotOptions options_;
  std::uint64_t fingerprint_;
  bool resume_;
  std::int64_t steps_ = 0, warmup_ = 0;  // in all, and of them without moving choices

  std::int64_t done_ = 0;  // what follows is in the checkpoint
  Rng rng_;
  ChoicePolicy policy_;
  std::vector<Finalist> finalists_;

  std::optional<bool> feasible_;  // is any network within the budgets?
  bool ready_ = false;
  std::size_t next_ = 0;  // finalist
  double last_save_ = 0, save_seconds_ = 0;
  struct Mean {  // moving, for people
    double value = 0, count = 0;
    void add(double sample) { value += (sample - value) / std::min(++count, 50.0); }
  };
  Mean loss_, accuracy_, cost_mean_;
};

}  // namespace Atoll
