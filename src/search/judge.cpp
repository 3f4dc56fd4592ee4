#include <cmath>

#include "atoll/error.h"
#include "atoll/worker.h"
#include "base/timer.h"
#include "report/utf8.h"

namespace Atoll {

Trial judge(const Space& space, const Objectives& objectives, Trial trial, const std::function<void()>& step) {
  const double start = seconds_now();
  std::size_t next = 0;  // rung
  bool stopped = false;
  TrainHooks hooks;
  hooks.stop = [&](const EpochRecord& record) {
    if (next >= trial.rungs.size() || record.epoch != trial.rungs[next].epoch) return false;
    Rung& rung = trial.rungs[next++];
    rung.accuracy = record.validation_top1;
    return stopped = rung.accuracy < rung.bar;
  };
  if (step) hooks.step = [&](double, double, double) { step(); };
  try {
    trial.scores.accuracy = objectives.accuracy(space.build(trial.genotype), trial.seed, hooks);
    if (!std::isfinite(trial.scores.accuracy)) fail("its accuracy is {}, no number", trial.scores.accuracy);
    trial.status = stopped ? TrialStatus::kStopped : TrialStatus::kDone;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& problem) {
    trial.scores.accuracy = 0;
    trial.status = TrialStatus::kFailed;
    trial.error = report::one_line(problem.what());
  }
  trial.scores.reward = trial.status == TrialStatus::kFailed ? 0 : trial.scores.accuracy;
  trial.seconds = seconds_now() - start;
  return trial;
}

}  // namespace Atoll
