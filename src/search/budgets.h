// Budgets: the hard limits of a search. What is over one of them is never trained.
#pragma once

#include <string>

#include "atoll/search.h"

namespace Atoll {

// What is known of a trial before it is trained becomes part of it; the error of a latency that cannot be, or "".
std::string set_costs(Trial& trial, const Costs& costs);
// The costs of a trial over what is allowed, in the dimension where that is worst; above 1: over a budget. A network
// that the target cannot run is over every budget.
double excess(const Trial& trial, const SearchOptions& options);
// The same, or the share of the latency budget that a network within all budgets needs; 1 where there is none.
double share_of_budget(const Trial& trial, const SearchOptions& options);
// Whether the latency is what `excess` speaks of.
bool is_latency_worst(const Trial& trial, const SearchOptions& options);
// "1 ms and 500.00 KiB of parameters"
std::string budget_text(const SearchOptions& options);
// "needs 1.200 ms, 700.00 KiB of parameters": the costs that are limited.
std::string costs_text(const Trial& trial, const SearchOptions& options);

}  // namespace Atoll
