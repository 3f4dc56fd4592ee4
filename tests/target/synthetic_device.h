// A device that nobody has, by a law that is written down here: each inference and each layer cost something, and
// multiplications and bytes have a price by the kind of op.
#pragma once

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "atoll/builder.h"
#include "atoll/calibrate.h"
#include "atoll/random.h"

namespace Atoll::synthetic {

inline double layer_ms(const Graph& graph, const Node& node) {
  const NodeCost cost = cost_of(graph, node);
  const bool depthwise = std::holds_alternative<DepthwiseConv2D>(node.op);
  return 0.01 + static_cast<double>(cost.macs) / (depthwise ? 3e6 : 5e7) +
         static_cast<double>(cost.input_bytes + cost.output_bytes) / 4 / 2e7;  // a byte for each float
}

inline double device_ms(const Graph& graph) {
  double ms = 0.2;
  for (const Node& node : graph.nodes) ms += layer_ms(graph, node);
  return ms;
}

// Between 2 and 8 blocks of convolutions, depthwise ones and additions, of drawn sizes.
inline Graph drawn_network(Rng& rng, int index) {
  GraphBuilder b("net" + std::to_string(index));
  const int side = 16 << rng.below(3), channels = static_cast<int>(8 * (1 + rng.below(8)));
  TensorId x = b.conv2d(b.input({1, side, side, 3}), channels, 3, {.stride = 2}, "stem");
  const auto blocks = 2 + rng.below(7);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const auto scope = b.scope("block" + std::to_string(i));
    const int kernel = rng.chance(0.5) ? 3 : 5;
    TensorId y = rng.chance(0.5) ? b.depthwise(x, kernel, {}, "depthwise") : b.conv2d(x, channels, kernel, {}, "conv");
    y = b.conv2d(y, channels, 1, {}, "project");
    x = rng.chance(0.5) ? b.node("add", Add{}, {x, y}) : y;
  }
  return b.build({b.node("pool", Mean{}, {x})});
}

// Each measurement is off by a factor exp(noise * normal).
inline std::vector<MeasuredModel> measured(int count, std::uint64_t seed, double noise = 0) {
  Rng rng(seed);
  std::vector<MeasuredModel> models;
  for (int i = 0; i < count; ++i) {
    Graph graph = drawn_network(rng, i);
    const double ms = device_ms(graph) * std::exp(noise * rng.normal());
    models.push_back({graph.name, std::move(graph), ms});
  }
  return models;
}

}  // namespace Atoll::synthetic
