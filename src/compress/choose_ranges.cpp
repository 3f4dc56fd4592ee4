#include "compress/choose_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "compress/output_error.h"
#include "compress/quantize_int8.h"
#include "compress/same_parameters.h"

namespace Atoll {
namespace {

constexpr RangeEstimator kAll[] = {RangeEstimator::kMse, RangeEstimator::kMinMax, RangeEstimator::kPercentile,
                                   RangeEstimator::kEntropy, RangeEstimator::kMovingAverage};
constexpr double kWorthWhile = 0.995;         // the new error over the old one
constexpr double kFarBehind = 1.15;           // after a quarter of the pictures, to give up an estimator of all tensors
constexpr int kPatience = 6;                  // networks in a row that brought nothing, after which it ends
constexpr float kTails[] = {0.5f, 0.25f, 0};  // of the logits' lower end

// Ranges that differ by less than a hundredth are the same for 8 bits.
bool alike(Range a, Range b) {
  const float width = std::max(a.high - a.low, b.high - b.low);
  return std::fabs(a.low - b.low) <= 0.01f * width && std::fabs(a.high - b.high) <= 0.01f * width;
}

struct Candidate {
  Range range;
  std::string name;
};

bool only_softmax_reads(const Graph& graph, const Uses& uses, TensorId id) {
  for (const int reader : uses.consumers[static_cast<std::size_t>(id)])
    if (!std::holds_alternative<Softmax>(graph.nodes[static_cast<std::size_t>(reader)].op)) return false;
  return !uses.consumers[static_cast<std::size_t>(id)].empty();
}

class Choice {
 public:
  Choice(const Observations& observations, const Dataset& data, std::span<const std::int64_t> indices,
         const CalibrationOptions& calibration, const QuantizeOptions& options)
      : graph_(options.softmax ? with_softmax(observations.graph) : observations.graph),
        uses_(uses_of(graph_)),
        options_(options),
        max_trials_(std::max(1, calibration.max_trials)),
        reference_(observations.graph, data, trial_pictures(indices, calibration.trial_images), calibration.threads) {
    for (const RangeEstimator e : kAll) by_estimator_.push_back(estimate(observations, e));
  }

  Calibration run(const Observations& observations) {
    std::size_t base = 0;
    for (std::size_t e = 0; e < std::size(kAll) && trials_ < max_trials_; ++e)
      if (leads(by_estimator_[e].ranges, observations.graph, 1, kFarBehind)) base = e;
    Calibration chosen = by_estimator_[base];
    int in_vain = 0;
    for (const std::size_t id : by_disagreement(observations)) {
      std::string name;
      for (const Candidate& candidate : candidates(id, chosen.ranges[id])) {
        if (trials_ >= max_trials_ || in_vain >= kPatience) break;
        std::vector<Range> ranges = chosen.ranges;
        ranges[id] = candidate.range;
        ++in_vain;
        if (!leads(ranges, observations.graph, kWorthWhile, 1)) continue;
        in_vain = 0;
        chosen.ranges = std::move(ranges);
        name = candidate.name;
      }
      if (!name.empty()) chosen.exceptions.push_back(observations.graph.tensors[id].name + ": " + name);
    }
    return chosen;
  }

 private:
  static std::vector<std::int64_t> trial_pictures(std::span<const std::int64_t> indices, std::int64_t count) {
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, count));
    return {indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(std::min(indices.size(), most))};
  }

  // Tensors that have a range of their own: logits first, then by the most noise of an estimator over the least.
  std::vector<std::size_t> by_disagreement(const Observations& observations) const {
    std::vector<std::pair<double, std::size_t>> order;
    for (const Node& node : observations.graph.nodes) {
      if (repeats_its_input(node.op) || fixed_parameters(node.op)) continue;
      const auto id = static_cast<std::size_t>(node.outputs[0]);
      if (!observations.tensors[id].observed) continue;
      double least = INFINITY, most = 0;
      for (const Calibration& own : by_estimator_) {
        const double noise = noise_share(observations.tensors[id], own.ranges[id]);
        least = std::min(least, noise);
        most = std::max(most, noise);
      }
      order.emplace_back(only_softmax_reads(graph_, uses_, node.outputs[0]) ? -INFINITY : least - most, id);
    }
    std::sort(order.begin(), order.end());
    std::vector<std::size_t> ids;
    for (const auto& [key, id] : order) ids.push_back(id);
    return ids;
  }

  std::vector<Candidate> candidates(std::size_t id, Range current) const {
    std::vector<Candidate> all, different;
    for (std::size_t e = 0; e < std::size(kAll); ++e)
      all.push_back({by_estimator_[e].ranges[id], std::string(name_of(kAll[e]))});
    if (only_softmax_reads(graph_, uses_, static_cast<TensorId>(id)))
      for (const float share : kTails)
        all.push_back({{share * current.low, current.high}, fmt::format("lower end cut to {:.0f} %", 100 * share)});
    for (Candidate& candidate : all) {
      const auto same = [&](const Candidate& other) { return alike(other.range, candidate.range); };
      if (!alike(current, candidate.range) && std::none_of(different.begin(), different.end(), same))
        different.push_back(std::move(candidate));
    }
    return different;
  }

  bool leads(const std::vector<Range>& ranges, const Graph& prepared, double worth_while, double behind) {
    ++trials_;
    return reference_.beats(quantize_prepared(prepared, ranges, options_, {}), leader_, worth_while, behind);
  }

  const Graph graph_;  // with what is read of every tensor
  const Uses uses_;
  const QuantizeOptions& options_;
  const int max_trials_;
  const Reference reference_;
  std::vector<Calibration> by_estimator_;
  std::vector<double> leader_;  // errors of the best so far, by picture
  int trials_ = 0;
};

}  // namespace

Calibration choose_ranges(const Observations& observations, const Dataset& data, std::span<const std::int64_t> indices,
                          const CalibrationOptions& calibration, const QuantizeOptions& options) {
  return Choice(observations, data, indices, calibration, options).run(observations);
}

}  // namespace Atoll
