// Where a classifier's probabilities come from.
#pragma once

#include "atoll/graph.h"

namespace Atoll {

// The Softmax or Sigmoid that an output comes from, perhaps through ops that change no value: its place in the nodes,
// or -1.
int probabilities_node(const Graph& graph, std::size_t output = 0);

}  // namespace Atoll
