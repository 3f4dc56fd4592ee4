#include "search/oneshot/one_shot_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "atoll/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/timer.h"

namespace Atoll {
namespace {

constexpr double kWorstCost = 10;      // a network that no target runs is as bad as one ten times over the budget
constexpr int kDraws = 100;            // until one keeps to the limit
constexpr int kStarts = 10;            // of descents, until no network is believed to keep to the budgets
constexpr int kDrawsPerFinalist = 50;  // until the distribution has no more networks that are new
constexpr double kSaveShare = 0.05;    // of the time, at most, goes into checkpoints

}  // namespace

OneShotSearch::OneShotSearch(const Space& space, Cost cost, std::unique_ptr<Supernet> supernet,
                             const OneShotOptions& options, std::uint64_t seed, std::uint64_t fingerprint, bool resume)
    : space_(space),
      cost_(std::move(cost)),
      supernet_(std::move(supernet)),
      options_(options),
      fingerprint_(fingerprint),
      resume_(resume),
      rng_(seed, 0x6f6e6573),
      policy_(space.decisions()) {
  require_sane(options);
  const double batches = options.epochs * static_cast<double>(supernet_->batches_per_epoch());
  steps_ = std::max<std::int64_t>(1, std::llround(std::ceil(batches / options.batches)));
  warmup_ = std::llround(options.warmup * static_cast<double>(steps_));
}

Genotype OneShotSearch::ask() {
  if (!feasible_) feasible_ = finds_feasible();
  // Where no network keeps to the budgets, the search finds that out by what it asks, before a supernet is trained.
  if (!*feasible_) return random_genotype(space_, rng_);
  if (!ready_) prepare();
  if (next_ < finalists_.size()) return finalists_[next_++].genotype;
  // More are wanted than the distribution has: neighbours of its best.
  return finalists_.empty() ? random_genotype(space_, rng_) : mutate(space_, finalists_.front().genotype, rng_);
}

void OneShotSearch::tell(const Genotype&, const Scores&) {}

bool OneShotSearch::finds_feasible() const {
  Rng rng = rng_;  // the search's own numbers stay what they are
  for (int i = 0; i < kStarts; ++i)
    if (cost_(within(1, random_genotype(space_, rng))) <= 1) return true;
  return false;
}

void OneShotSearch::prepare() {
  last_save_ = seconds_now();
  if (resume_) load();
  train_supernet();
  if (finalists_.empty()) choose_finalists();
  judge_finalists();
  save();
  // The most probable one stays in front; the rest by accuracy.
  if (!finalists_.empty())
    std::stable_sort(finalists_.begin() + 1, finalists_.end(),
                     [](const Finalist& a, const Finalist& b) { return a.accuracy > b.accuracy; });
  supernet_.reset();  // its memory is of use to the trainings
  ready_ = true;
}

void OneShotSearch::train_supernet() {
  if (done_ >= steps_) return;
  Progress progress("supernet", static_cast<double>(steps_));
  while (done_ < steps_) {
    pause();
    step();
    progress.update(static_cast<double>(done_),
                    fmt::format("loss {:.3f}{}", loss_.value,
                                accuracy_.count == 0
                                    ? ", warming up"
                                    : fmt::format(", networks drawn: {:.1f}% at {:.2f} of the budget, entropy {:.3f}",
                                                  100 * accuracy_.value, cost_mean_.value, policy_.entropy())));
  }
  say("supernet: the most probable network is {} (probability {:.3g})", space_.describe(policy_.most_probable()),
      std::exp(policy_.log_probability(policy_.most_probable())));
}

void OneShotSearch::step() {
  const Genotype genotype = draw();
  if (done_ >= warmup_) {
    const double accuracy = supernet_->judge(genotype, options_.judge_batches), cost = cost_(genotype);
    policy_.update(genotype, reward(accuracy, cost), options_.policy_rate, options_.baseline_decay);
    accuracy_.add(accuracy);
    cost_mean_.add(std::min(cost, kWorstCost));
  }
  loss_.add(supernet_->train(genotype, options_.batches, rate()));
  ++done_;
}

Genotype OneShotSearch::draw() {
  Genotype genotype = policy_.sample(rng_);
  for (int i = 0; i < kDraws && !worth_training(genotype); ++i) genotype = policy_.sample(rng_);
  if (options_.limit > 0) genotype = within(options_.limit, std::move(genotype));
  if (done_ >= warmup_ || !rng_.chance(1 - static_cast<double>(done_) / static_cast<double>(warmup_))) return genotype;
  Genotype wide = genotype;
  for (std::size_t d = 0; d < wide.size(); ++d) {
    const int before = wide[d], widest = space_.decisions()[d].widest;
    if (widest < 0) continue;
    wide[d] = widest;
    if (!worth_training(wide)) wide[d] = before;
  }
  return wide;
}

bool OneShotSearch::worth_training(const Genotype& genotype) const {
  return options_.limit <= 0 || cost_(genotype) <= options_.limit;
}

double OneShotSearch::rate() const {
  const double share = static_cast<double>(done_) / static_cast<double>(steps_), start = options_.learning_warmup;
  if (share < start) return options_.learning_rate * (share + 1 / static_cast<double>(steps_)) / start;
  return options_.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * (share - start) / (1 - start)));
}

double OneShotSearch::reward(double accuracy, double cost) const {
  return accuracy + options_.beta * std::abs(std::min(cost, kWorstCost) - 1);
}

void OneShotSearch::choose_finalists() {
  std::set<std::string> met;
  const auto offer = [&](Genotype genotype) {
    if (cost_(genotype) > 1 || !met.insert(space_.describe(genotype)).second) return;
    finalists_.push_back({.genotype = std::move(genotype)});
  };
  offer(within(1, policy_.most_probable()));
  for (std::int64_t i = 0; i < kDrawsPerFinalist * options_.judged; ++i) {
    if (static_cast<std::int64_t>(finalists_.size()) >= options_.judged) return;
    offer(policy_.sample(rng_));
  }
}

// Changes one decision after the other: the one that gives up the least probability for what it saves.
Genotype OneShotSearch::within(double limit, Genotype genotype) const {
  for (double cost = cost_(genotype); cost > limit;) {
    const double probability = policy_.log_probability(genotype);
    Genotype best = genotype;
    double best_price = std::numeric_limits<double>::infinity(), best_cost = cost;
    for (std::size_t d = 0; d < genotype.size(); ++d) {
      Genotype other = genotype;
      for (int choice = 0; choice < static_cast<int>(space_.decisions()[d].choices.size()); ++choice) {
        other[d] = choice;
        const double saved = cost - std::max(limit, cost_(other));
        if (!(saved > 0)) continue;
        const double price = (probability - policy_.log_probability(other)) / saved;
        if (price >= best_price) continue;
        best_price = price;
        best = other;
        best_cost = cost_(other);
      }
    }
    if (!(best_cost < cost)) return genotype;
    genotype = std::move(best);
    cost = best_cost;
  }
  return genotype;
}

void OneShotSearch::judge_finalists() {
  const auto open = [](const Finalist& finalist) { return finalist.accuracy < 0; };
  if (std::none_of(finalists_.begin(), finalists_.end(), open)) return;
  Progress progress("finalists", static_cast<double>(finalists_.size()));
  double judged = 0;
  for (Finalist& finalist : finalists_) {
    if (open(finalist)) {
      pause();
      finalist.accuracy = supernet_->judge_finally(finalist.genotype, options_.judge_images);
    }
    progress.update(++judged, fmt::format("{:.2f}% by the shared weights, {}", 100 * finalist.accuracy,
                                          space_.describe(finalist.genotype)));
  }
}

void OneShotSearch::pause() {
  if (interrupt_requested()) {
    save();
    throw Interrupted();
  }
  if (seconds_now() - last_save_ > std::max(options_.checkpoint_seconds, save_seconds_ / kSaveShare)) save();
}

}  // namespace Atoll
