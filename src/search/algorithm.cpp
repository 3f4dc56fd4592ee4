#include <algorithm>
#include <cmath>
#include <functional>

#include "atoll/error.h"
#include "search/algorithms.h"
#include "search/ppo.h"
#include "search/surrogate.h"

namespace Atoll {
namespace {

template <typename Algorithm>
std::unique_ptr<SearchAlgorithm> make(const Space& space, const AlgorithmOptions& options) {
  return std::make_unique<Algorithm>(space, options);
}

struct Entry {
  const char* name;
  std::unique_ptr<SearchAlgorithm> (*make)(const Space&, const AlgorithmOptions&);
};
constexpr Entry kAlgorithms[] = {
    {"random", make<RandomSearch>}, {"evolution", make<Evolution>}, {"ppo", make<Ppo>},
    {"nsga2", make<Nsga2>},         {"local", make<LocalSearch>},   {"surrogate", make<SurrogateSearch>}};

}  // namespace

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kAlgorithms) names.push_back(entry.name);
  return names;
}

std::vector<std::string> search_algorithm_names() {
  std::vector<std::string> names = algorithm_names();
  names.emplace_back("oneshot");
  return names;
}

std::unique_ptr<SearchAlgorithm> make_algorithm(const std::string& name, const Space& space,
                                                const AlgorithmOptions& options) {
  for (const Entry& entry : kAlgorithms)
    if (name == entry.name) return entry.make(space, options);
  fail("no search algorithm is called '{}'; there are: {}", name, fmt::join(search_algorithm_names(), ", "));
}

std::unique_ptr<SearchAlgorithm> make_algorithm(const std::string& name, const Space& space, std::uint64_t seed) {
  return make_algorithm(name, space, AlgorithmOptions{.seed = seed, .ppo = {}});
}

double Reward::operator()(double accuracy, double cost) const {
  return kind == Kind::kMnas ? mnas_reward(accuracy, cost, 1, below, above) : accuracy + beta * std::abs(cost - 1);
}

Reward reward_named(const std::string& name) {
  if (name == "hard") return {};
  if (name == "soft") return {.below = -0.07, .above = -0.07};
  if (name == "absolute") return {.kind = Reward::Kind::kAbsolute};
  fail("no reward is called '{}'; there are: hard, soft, absolute", name);
}

double mnas_reward(double accuracy, double latency_ms, double target_ms, double below, double above) {
  const double ratio = latency_ms / target_ms;
  return accuracy * std::pow(ratio, ratio <= 1 ? below : above);
}

}  // namespace Atoll
