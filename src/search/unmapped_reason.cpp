#include <optional>

#include "atoll/error.h"
#include "atoll/search.h"

namespace Atoll {
namespace {

// Walks from a network that does not map towards one that does, each step by the one choice that rids it of most ops
// that the target refuses.
class WayOut {
 public:
  WayOut(const Space& space, const Objectives& objectives, const Genotype& genotype)
      : space_(space), objectives_(objectives), start_(genotype), at_(genotype), left_(*obstacles(genotype)) {
    while (!left_.empty() && step()) {
    }
    if (left_.empty()) take_back();
  }

  const std::vector<std::string>& left() const { return left_; }  // where no choice rids it of more
  std::string choices() const {
    std::string text;
    for (std::size_t d = 0; d < at_.size(); ++d)
      if (at_[d] != start_[d]) {
        const Decision& decision = space_.decisions()[d];
        text += fmt::format("{}'{}' = {}", text.empty() ? "" : ", ", decision.name,
                            decision.choices[static_cast<std::size_t>(start_[d])]);
      }
    return text;
  }

 private:
  // Nothing where the network cannot be built.
  std::optional<std::vector<std::string>> obstacles(const Genotype& genotype) const {
    try {
      return objectives_.obstacles(space_.build(genotype));
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  bool step() {
    Genotype best = at_;
    for (std::size_t d = 0; d < at_.size(); ++d)
      for (int choice = 0; choice < static_cast<int>(space_.decisions()[d].choices.size()); ++choice) {
        Genotype changed = at_;
        changed[d] = choice;
        const auto ops = obstacles(changed);
        if (!ops || ops->size() >= left_.size()) continue;
        left_ = *ops;
        best = changed;
      }
    const bool better = best != at_;
    at_ = std::move(best);
    return better;
  }

  // What was changed on the way, and need not have been.
  void take_back() {
    for (std::size_t d = 0; d < at_.size(); ++d) {
      Genotype changed = at_;
      changed[d] = start_[d];
      if (const auto ops = obstacles(changed); ops && ops->empty()) at_ = std::move(changed);
    }
  }

  const Space& space_;
  const Objectives& objectives_;
  const Genotype start_;
  Genotype at_;
  std::vector<std::string> left_;
};

}  // namespace

std::string unmapped_reason(const Space& space, const Objectives& objectives, const Genotype& genotype) {
  if (!objectives.obstacles) return space.describe(genotype);
  const std::vector<std::string> ops = objectives.obstacles(space.build(genotype));
  if (ops.empty()) return space.describe(genotype);
  const WayOut way(space, objectives, genotype);
  // What the space does not decide, an activation say, is in the network that the way ends at as well.
  if (!way.left().empty()) return fmt::format("whatever is chosen: {}", way.left().front());
  return fmt::format("choice {}: {}", way.choices(), ops.front());
}

}  // namespace Atoll
