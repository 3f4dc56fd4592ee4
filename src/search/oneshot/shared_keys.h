// Which layers of different networks share their weights: those that have equal keys.
#pragma once

#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

// A key for every node that has weights or is a batch norm, "" for the others: the node's name and kind, its kernel,
// and the kinds of the layers in its block ("stage2/block1"), so that a fused block shares nothing with a depthwise
// one. A layer outside of all blocks is told apart by the part of the network that it reads ("head", "stage3"); a
// batch norm belongs to its convolution. Grouped convolutions share where their groups are equally wide.
std::vector<std::string> shared_keys(const Graph& graph);

}  // namespace Atoll
