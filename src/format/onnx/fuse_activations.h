// Activations that exporters write as several ops, as the one op that Atoll has for each: swish, hard swish, hard
// sigmoid.
#pragma once

#include "atoll/graph.h"

namespace Atoll::format {

Graph fuse_activations(Graph graph);

}  // namespace Atoll::format
