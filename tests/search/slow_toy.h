// The toy space with trainings that take a while and have epochs, for tests of what happens meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "atoll/train.h"
#include "search/toy_space.h"

namespace Atoll {

// Each training takes `steps` steps of a few ms, four to an epoch; accuracy grows to its final value epoch by epoch.
inline Objectives slow_objectives(int steps, int step_ms) {
  Objectives objectives = ToySpace::objectives();
  objectives.accuracy = [=](const Graph& graph, std::uint64_t, const TrainHooks& hooks) {
    const double final = ToySpace::accuracy(graph.description);
    double reached = 0;
    for (int step = 1; step <= steps; ++step) {
      std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
      if (hooks.step) hooks.step(step / 4.0, 1, 1);
      if (step % 4 != 0) continue;
      reached = final * step / steps;
      const EpochRecord record{.epoch = step / 4, .validation_top1 = reached};
      if (hooks.stop && hooks.stop(record)) return reached;
    }
    return final;
  };
  return objectives;
}

}  // namespace Atoll
