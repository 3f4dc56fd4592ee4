// Rungs: asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020),
// as a rule for stopping. Bars are set when a trial is chosen, by the trials that were judged before: so a trial's
// fate is a function of what its search knew then, wherever and whenever it is trained.
#pragma once

#include <vector>

#include "atoll/search.h"

namespace Atoll {

// At each of `epochs`: to pass, a training must be among the best ceil(n / eta) of the n that came there, itself
// included. Below eta + 1 of them there is no bar.
std::vector<Rung> rungs_for(const std::vector<int>& epochs, double eta, const std::vector<Trial>& judged);
// Throws Error unless the epochs are positive and ascend, and eta is above 1.
void require_rungs(const std::vector<int>& epochs, double eta);

}  // namespace Atoll
