#include <algorithm>
#include <cmath>

#include "atoll/prune.h"

namespace Atoll {

double sparsity_at(const SparsitySchedule& schedule, std::int64_t step) {
  if (step < schedule.begin) return 0;
  if (step >= schedule.end) return schedule.final;
  const double share = static_cast<double>(step - schedule.begin) / static_cast<double>(schedule.end - schedule.begin);
  return schedule.final + (schedule.initial - schedule.final) * std::pow(1 - share, schedule.power);
}

bool SparsitySchedule::changes_masks(std::int64_t step) const {
  if (step < begin || step > std::max(begin, end)) return false;
  return step == std::max(begin, end) || (step - begin) % std::max<std::int64_t>(1, frequency) == 0;
}

}  // namespace Atoll
