// How the commands that deal with trials show one, and what its store says of the search it belongs to.
#pragma once

#include <nlohmann/json.hpp>

#include "atoll/search.h"

namespace Atoll::cli {

nlohmann::json trial_json(const Trial& trial);
nlohmann::json trial_json(const Trial& trial, const Space& space);  // with the architecture in a line

// "2: 31.25% (bar 40.00%), 4: -"; empty without rungs.
std::string rungs_text(const Trial& trial);

}  // namespace Atoll::cli
