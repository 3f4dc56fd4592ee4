// Shared by the rewriting passes: a copy of a graph without its nodes, to which nodes are added one by
// one while tensors keep their ids.
#pragma once

#include "atoll/graph.h"

namespace Atoll::rewrite {

// Everything of `graph` but its nodes.
Graph without_nodes(const Graph& graph);

// A new activation tensor shaped like what `op` makes of `inputs`, and the node that makes it.
TensorId append(Graph& graph, std::string name, Op op, std::vector<TensorId> inputs);

// Float constants' values, or nothing when the network has no weights yet.
std::vector<float> values_of(const Graph& graph, TensorId id);

// The same network with every tensor's and every node's name once: later ones become "name#2", "name#3".
Graph with_unique_names(const Graph& graph);

}  // namespace Atoll::rewrite
