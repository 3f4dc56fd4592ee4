// Which channels go: time and again, of all groups and all counts of channels, those whose importance is least
// for each millisecond (or parameter) that is saved. What a width costs is asked of the target each time, so its
// preference for multiples of this or that needs no rule here.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "atoll/error.h"
#include "base/interrupt.h"
#include "base/timer.h"
#include "prune/channels.h"

namespace Atoll::pruning {
namespace {

// The same network without values: cutting it copies no weights.
Graph bare(Graph graph) {
  for (Tensor& tensor : graph.tensors) tensor.data = {};
  return graph;
}

// A target that measures is too slow to be asked about every width.
constexpr double kSlowSeconds = 0.02;

class Chooser {
 public:
  Chooser(const Graph& graph, const ChannelMap& map, const std::vector<std::vector<double>>& importance,
          const Target* target, const ChannelPruneOptions& options)
      : graph_(bare(graph)),
        map_(map),
        importance_(importance),
        target_(target),
        options_(options),
        removed_(static_cast<std::size_t>(map.elements), false),
        params_(static_cast<double>(cost_of(graph_).params)) {
    for (const std::vector<double>& own : importance_) {
      std::vector<std::size_t>& order = order_.emplace_back(own.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return own[a] < own[b]; });
    }
    taken_.assign(order_.size(), 0);
    best_.resize(order_.size());
    if (!target_) return;
    const double start = seconds_now();
    latency_ms_ = measured_ms(removed_);
    slow_ = seconds_now() - start > kSlowSeconds;
    const Graph inference = to_inference(graph_);
    macs_per_ms_ = static_cast<double>(cost_of(inference).macs) / std::max(latency_ms_, 1e-9);
  }

  std::vector<bool> run() {
    cost_ = cost(removed_);
    for (std::size_t g = 0; g < order_.size(); ++g) best_[g] = best_of(g);
    while (!reached()) {
      throw_if_interrupted();
      const std::optional<std::size_t> g = cheapest();
      if (!g) refuse();
      // What it saves was found when more channels were left elsewhere; if it is no longer the cheapest, look again.
      best_[*g] = best_of(*g);
      if (cheapest() != g) continue;
      take(*g);
    }
    return std::move(removed_);
  }

 private:
  struct Step {
    std::size_t channels = 0;
    double loss = 0, price = std::numeric_limits<double>::infinity();  // importance, and that for each unit saved
  };

  double measured_ms(const std::vector<bool>& removed) const {
    return target_->latency_ms(to_inference(without_channels(graph_, map_, removed)));
  }
  double cost(const std::vector<bool>& removed) const {
    const Graph graph = without_channels(graph_, map_, removed);
    if (!target_) return static_cast<double>(cost_of(graph).params);
    if (slow_) return static_cast<double>(cost_of(to_inference(graph)).macs) / macs_per_ms_;
    return target_->latency_ms(to_inference(graph));
  }

  bool reached() {
    if (options_.target_latency_ms <= 0) {
      const auto left = static_cast<double>(cost_of(without_channels(graph_, map_, removed_)).params);
      return left <= (1 - options_.sparsity) * params_;
    }
    if (slow_ && cost_ <= options_.target_latency_ms) {  // the estimate says so: ask
      latency_ms_ = measured_ms(removed_);
      macs_per_ms_ *= cost_ / std::max(latency_ms_, 1e-9);
      cost_ = latency_ms_;
    }
    return cost_ <= options_.target_latency_ms;
  }

  std::size_t least(std::size_t g) const {
    const double kept = std::ceil(options_.keep * static_cast<double>(order_[g].size()));
    return std::max<std::size_t>(1, static_cast<std::size_t>(kept));
  }

  // Every small count of channels, and those that bring the width down to a multiple of 8 or, when wide, of 32.
  std::vector<std::size_t> counts(std::size_t g) const {
    const std::size_t width = order_[g].size() - taken_[g], low = least(g);
    std::vector<std::size_t> result;
    if (width <= low) return result;
    for (std::size_t n = 1; n <= 16 && width - n >= low; ++n) result.push_back(n);
    const std::size_t unit = width > 256 ? 32 : 8;
    for (std::size_t to = (width - 1) / unit * unit; to >= low && to > 0; to -= unit)
      if (width - to > 16) result.push_back(width - to);
    return result;
  }

  void mark(std::vector<bool>& removed, std::size_t g, std::size_t n) const {
    for (std::size_t i = taken_[g]; i < taken_[g] + n; ++i)
      for (const std::int64_t element : map_.groups[g].sets[order_[g][i]])
        removed[static_cast<std::size_t>(element)] = true;
  }

  Step best_of(std::size_t g) const {
    Step best;
    for (const std::size_t n : counts(g)) {
      Step step{.channels = n};
      for (std::size_t i = taken_[g]; i < taken_[g] + n; ++i) step.loss += importance_[g][order_[g][i]];
      std::vector<bool> removed = removed_;
      mark(removed, g, n);
      const double saved = cost_ - cost(removed);
      if (saved <= 1e-9 * cost_) continue;
      step.price = step.loss / saved;
      if (step.price < best.price || (step.price == best.price && n > best.channels)) best = step;
    }
    return best;
  }

  std::optional<std::size_t> cheapest() const {
    std::optional<std::size_t> found;
    for (std::size_t g = 0; g < best_.size(); ++g)
      if (best_[g].channels > 0 && (!found || best_[g].price < best_[*found].price)) found = g;
    return found;
  }

  void take(std::size_t g) {
    mark(removed_, g, best_[g].channels);
    taken_[g] += best_[g].channels;
    cost_ = cost(removed_);
    best_[g] = best_of(g);
  }

  [[noreturn]] void refuse() const {
    if (options_.target_latency_ms > 0)
      fail("'{}' cannot be pruned to {} ms: with {:.1f} % of every group's channels left, {} still predicts {:.3f} ms",
           graph_.name, options_.target_latency_ms, 100 * options_.keep, target_->name(), cost_);
    fail("'{}' cannot lose {:.1f} % of its parameters by channels: {:.1f} % are left when every group is at {:.1f} %",
         graph_.name, 100 * options_.sparsity,
         100 * static_cast<double>(cost_of(without_channels(graph_, map_, removed_)).params) / params_,
         100 * options_.keep);
  }

  const Graph graph_;
  const ChannelMap& map_;
  const std::vector<std::vector<double>>& importance_;
  const Target* target_;
  const ChannelPruneOptions& options_;
  std::vector<std::vector<std::size_t>> order_;  // by group: its channels, the least important first
  std::vector<std::size_t> taken_;               // by group: how many of those are gone
  std::vector<Step> best_;
  std::vector<bool> removed_;
  double params_ = 0, cost_ = 0, latency_ms_ = 0, macs_per_ms_ = 1;
  bool slow_ = false;
};

}  // namespace

std::vector<bool> choose_channels(const Graph& graph, const ChannelMap& map,
                                  const std::vector<std::vector<double>>& importance, const Target* target,
                                  const ChannelPruneOptions& options) {
  return Chooser(graph, map, importance, target, options).run();
}

}  // namespace Atoll::pruning
