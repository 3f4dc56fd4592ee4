// The check of a target that runs every op.
#pragma once

#include "atoll/target.h"

namespace Atoll {

CheckReport everything_maps(const Graph& graph);

}  // namespace Atoll
