#include "atoll/error.h"
#include "atoll/search.h"

namespace Atoll {

std::string unmapped_reason(const Space& space, const Objectives& objectives, const Genotype& genotype) {
  if (!objectives.obstacles) return space.describe(genotype);
  const std::vector<std::string> ops = objectives.obstacles(space.build(genotype));
  if (ops.empty()) return space.describe(genotype);
  std::vector<std::string> choices;
  for (std::size_t d = 0; d < genotype.size(); ++d) {
    const Decision& decision = space.decisions()[d];
    bool guilty = false;
    for (int other = 0; other < static_cast<int>(decision.choices.size()) && !guilty; ++other) {
      Genotype changed = genotype;
      changed[d] = other;
      try {
        guilty = other != genotype[d] && objectives.obstacles(space.build(changed)).size() < ops.size();
      } catch (const Error&) {
        // A network that cannot be built is no way out.
      }
    }
    if (guilty)
      choices.push_back(
          fmt::format("'{}' = {}", decision.name, decision.choices[static_cast<std::size_t>(genotype[d])]));
  }
  const std::string what = choices.empty() ? "whatever is chosen" : fmt::format("choice {}", fmt::join(choices, ", "));
  return fmt::format("{}: {}", what, ops.front());
}

}  // namespace Atoll
