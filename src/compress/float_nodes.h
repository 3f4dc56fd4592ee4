// An int8 network with some nodes back in float.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

// For nodes of `int8`, by index, the node of `real` that they stand for.
using NodeMatch = std::map<std::size_t, std::size_t>;

// The nodes of `int8` that are keys of `nodes` compute in float, with the constants of `real`. Dequantize and Quantize
// stand at the borders; what passes from one float node to another is not rounded.
Graph with_float_nodes(const Graph& int8, const Graph& real, const NodeMatch& nodes);

// The same by name, for networks whose nodes have the same names. Throws Error for a name that `int8` does not have.
Graph with_float_nodes(const Graph& int8, const Graph& real, const std::vector<std::string>& names);

}  // namespace Atoll
