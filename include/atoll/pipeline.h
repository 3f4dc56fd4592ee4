// Pipelines: one network split over several Edge TPUs.
#pragma once

#include <vector>

#include "atoll/target.h"

namespace Atoll {

struct Segment {
  int first_node = 0, last_node = 0;  // of the checked graph, both included
  double ms = 0;                      // predicted for one inference of this segment
  std::int64_t onchip_bytes = 0, offchip_bytes = 0;
};

// Splits the network into `count` runs of layers so that the slowest is as fast as can be: what a pipeline of
// `count` Edge TPUs would run. Throws Error for a target that is no Edge TPU, a network that does not map fully,
// or more segments than layers.
std::vector<Segment> pipeline_segments(const Target& target, const Graph& graph, int count);

}  // namespace Atoll
