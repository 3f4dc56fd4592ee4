#include <algorithm>
#include <utility>

#include "atoll/error.h"
#include "atoll/search.h"

namespace Atoll {

std::string_view name_of(TrialStatus status) {
  switch (status) {
    case TrialStatus::kRunning: return "running";
    case TrialStatus::kDone: return "done";
    case TrialStatus::kFailed: return "failed";
    case TrialStatus::kFiltered: return "filtered";
    case TrialStatus::kPassedOver: return "passed over";
    case TrialStatus::kWaiting: return "waiting";
    case TrialStatus::kStopped: return "stopped";
  }
  return "";
}

namespace {

constexpr std::pair<const char*, Objective> kObjectives[] = {{"accuracy", Objective::kAccuracy},
                                                             {"latency", Objective::kLatency},
                                                             {"size", Objective::kSize},
                                                             {"memory", Objective::kMemory}};

double cost_in(Objective objective, const Scores& scores) {
  switch (objective) {
    case Objective::kAccuracy: return -scores.accuracy;
    case Objective::kLatency: return scores.latency_ms;
    case Objective::kSize: return static_cast<double>(scores.size_bytes);
    case Objective::kMemory: return static_cast<double>(scores.memory_bytes);
  }
  return 0;
}

}  // namespace

Objective objective_named(const std::string& name) {
  std::string names;
  for (const auto& [known, objective] : kObjectives) {
    if (name == known) return objective;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  fail("no objective is called '{}'; there are: {}", name, names);
}

std::vector<std::size_t> pareto_front(const std::vector<Trial>& trials, const std::vector<Objective>& objectives) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (trials[i].status == TrialStatus::kDone) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Scores &x = trials[a].scores, &y = trials[b].scores;
    if (x.latency_ms != y.latency_ms) return x.latency_ms < y.latency_ms;
    if (x.accuracy != y.accuracy) return x.accuracy > y.accuracy;
    return a < b;
  });
  // Of two trials that are equal in everything, the first in this order stands for both.
  const auto beaten = [&](std::size_t one, std::size_t by, bool equals_too) {
    bool better = equals_too;
    for (const Objective objective : objectives) {
      const double mine = cost_in(objective, trials[one].scores), its = cost_in(objective, trials[by].scores);
      if (its > mine) return false;
      better |= its < mine;
    }
    return better;
  };
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < order.size(); ++i) {
    bool stays = true;
    for (std::size_t j = 0; j < order.size() && stays; ++j) stays = j == i || !beaten(order[i], order[j], j < i);
    if (stays) front.push_back(order[i]);
  }
  return front;
}

}  // namespace Atoll
