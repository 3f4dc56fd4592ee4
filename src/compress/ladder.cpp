#include <algorithm>
#include <numeric>

#include "atoll/error.h"
#include "atoll/random.h"
#include "base/timer.h"
#include "compress/choose_ranges.h"
#include "compress/output_error.h"
#include "compress/paired.h"
#include "compress/quantize_int8.h"
#include "compress/rescue.h"

namespace Atoll {
namespace {

// Calibration pictures first, held-out ones behind them in the same shuffle; a small data set gives a third to the
// latter.
struct Parts {
  std::vector<std::int64_t> calibration, held_out;
};

Parts split(const Dataset& data, const CalibrationOptions& calibration, const LadderOptions& ladder) {
  std::vector<std::int64_t> all = calibration_indices(data, data.size(), calibration.seed);
  if (all.size() < 3)
    fail("the ladder needs at least 3 pictures, to measure on some that it does not calibrate with; there are {}",
         all.size());
  const auto size = static_cast<std::int64_t>(all.size());
  const std::int64_t first = std::clamp<std::int64_t>(calibration.images, 1, size - size / 3);
  const std::int64_t last = std::min(size, first + std::max<std::int64_t>(1, ladder.held_out_images));
  return {{all.begin(), all.begin() + first}, {all.begin() + first, all.begin() + last}};
}

class Ladder {
 public:
  Ladder(const Graph& graph, const Dataset& data, const CalibrationOptions& calibration, const QuantizeOptions& options,
         const LadderOptions& ladder)
      : data_(data),
        calibration_(calibration),
        options_(options),
        ladder_(ladder),
        parts_(split(data, calibration, ladder)),
        observations_(observe(graph, data, parts_.calibration, calibration.threads)),
        held_out_(observations_.graph, data, parts_.held_out, calibration.threads) {}

  LadderResult climb() {
    result_.float_top1 = held_out_.float_top1();
    result_.held_out_images = held_out_.images();
    attempt("calibration", [&](Plan& plan) {
      candidate_calibration_ = ranges_of(observations_);
      plan = {observations_.graph, candidate_calibration_->ranges, {}};
    });
    original_ = best_.prepared;
    attempt("bias correction", [&](Plan& plan) {  // wants no picture and no training, so it is always tried
      plan.prepared = with_corrected_biases(plan, original_, observations_.tensors, options_);
    });
    if (!good_enough()) attempt("equalisation", [&](Plan& plan) { equalise(plan); });
    if (!good_enough())
      attempt("rounding", [&](Plan& plan) {
        reconstruct_rounding(plan, data_, parts_.calibration, options_, calibration_.seed, calibration_.threads);
        plan.prepared = with_corrected_biases(plan, original_, observations_.tensors, options_);
      });
    result_.real = std::move(best_.prepared);
    std::vector<std::string> rungs;
    for (const LadderStep& step : result_.steps)
      if (step.kept && step.name != "calibration") rungs.push_back(step.name);
    result_.graph.description = quantized_description(observations_.graph, result_.calibration, rungs);
    return std::move(result_);
  }

 private:
  bool good_enough() const { return best_drop_ <= ladder_.max_drop; }

  // What of a measured drop is not luck.
  double certain_drop(const Reference::Score& score) const {
    const Paired change = paired(held_out_.float_right(), score.right);
    return -change.difference() - change.standard_error();
  }

  template <typename Change>
  void attempt(const char* name, Change&& change) {
    const double start = seconds_now();
    Plan plan = best_;
    change(plan);
    Graph graph = quantize_prepared(plan.prepared, plan.ranges, options_, plan.scales);
    const Reference::Score score = held_out_.score(graph);
    LadderStep step{.name = name,
                    .top1 = score.top1,
                    .drop = held_out_.float_top1() - score.top1,
                    .expected_drop = score.expected_drop,
                    .output_error = score.output_error};
    step.kept = result_.steps.empty() || step.output_error < best_error_;
    step.seconds = seconds_now() - start;
    if (step.kept) {
      best_ = std::move(plan);
      best_drop_ = std::max(certain_drop(score), step.expected_drop);
      best_error_ = step.output_error;
      result_.graph = std::move(graph);
      if (candidate_) {
        observations_ = std::move(*candidate_);
        original_ = observations_.graph;
      }
      if (candidate_calibration_) result_.calibration = std::move(*candidate_calibration_);
    }
    candidate_.reset();
    candidate_calibration_.reset();
    result_.steps.push_back(std::move(step));
  }

  Calibration ranges_of(const Observations& observations) const {
    if (calibration_.estimator) return estimate(observations, *calibration_.estimator);
    return choose_ranges(observations, data_, parts_.calibration, calibration_, options_);
  }

  void equalise(Plan& plan) {
    std::optional<Graph> graph = equalised(observations_);
    if (!graph) return;
    candidate_ = observe(*graph, data_, parts_.calibration, calibration_.threads);
    candidate_calibration_ = ranges_of(*candidate_);
    plan = {candidate_->graph, candidate_calibration_->ranges, {}};
    plan.prepared = with_corrected_biases(plan, candidate_->graph, candidate_->tensors, options_);
  }

  const Dataset& data_;
  const CalibrationOptions calibration_;
  const QuantizeOptions options_;
  const LadderOptions ladder_;
  const Parts parts_;
  Observations observations_;
  const Reference held_out_;
  LadderResult result_;
  Plan best_;
  Graph original_;  // with the weights that no step has rounded
  std::optional<Observations> candidate_;
  std::optional<Calibration> candidate_calibration_;
  double best_drop_ = 1, best_error_ = 0;
};

}  // namespace

LadderResult quantize_with_ladder(const Graph& graph, const Dataset& data, const CalibrationOptions& calibration,
                                  const QuantizeOptions& options, const LadderOptions& ladder) {
  return Ladder(graph, data, calibration, options, ladder).climb();
}

}  // namespace Atoll
