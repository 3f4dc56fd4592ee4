// Analysis: everything the chip model finds out about one graph, before it is put into words. `predict`,
// `check` and the benchmarks read it.
#pragma once

#include <vector>

#include "target/deployed.h"
#include "target/edgetpu/chip_model.h"
#include "target/edgetpu/placement.h"

namespace Atoll::edgetpu {

struct SubgraphAnalysis {
  std::vector<Layer> layers;
  Boundary boundary;
  double instructions = 0;
  Cache cache;
  Timeline time;
};

// Fills in what follows from a subgraph's layers and boundary. `cache_taken` bytes belong to earlier ones.
void analyse(const Chip& chip, SubgraphAnalysis& part, std::int64_t cache_taken);

struct Analysis {
  Placement placement;
  std::vector<SubgraphAnalysis> subgraphs;
  double cpu_ms = 0;                // of the nodes that stay on the host
  std::vector<double> node_cpu_ms;  // by node
  double total_ms = 0, first_ms = 0, energy_mj = 0;
  std::int64_t onchip_bytes = 0, free_bytes = 0, offchip_bytes = 0;
};

// `deployed` must be what deployed() made.
// `cache_taken` bytes belong to co-compiled models that came before.
Analysis analyse(const Chip& chip, const Deployed& deployed, bool multiple_subgraphs = false,
                 std::int64_t cache_taken = 0);

}  // namespace Atoll::edgetpu
