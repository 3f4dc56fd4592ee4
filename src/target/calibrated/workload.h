// Workload: what a network asks of a device, in amounts whose rates a regression can learn (multiplications, bytes,
// layers), layer by layer; and the shape of each layer, which says how alike two layers are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "target/deployed.h"
#include "target/edgetpu/layer.h"

namespace Atoll::calibrated {

enum class Resource : std::uint8_t {
  kConvMacs,          // of convolutions and dense layers
  kDepthwiseMacs,     // few devices feed these as fast
  kElementwiseBytes,  // read and written by ops that combine, move or change values
  kPoolBytes,         // read and written by reductions
  kActivationBytes,   // read and written by layers with weights
  kWeightBytes,
  kLayers,  // a cost of each layer
  kRuns,    // a cost of each inference
  kBaseMs,  // what the base target predicts for the whole network
};
constexpr std::size_t kResources = 9;
std::string_view name_of(Resource resource);  // "conv_macs", ...

using Amounts = std::array<double, kResources>;

// The amounts of one layer, each in milliseconds on a device that makes 1 TMAC/s in convolutions and 0.1 TMAC/s
// in depthwise ones, moves 100 GB/s and starts a layer in 5 us: the device that nobody measured. A regression's
// rates are factors on these, so that 1 is a fair guess for each.
Amounts amounts_of(const edgetpu::Layer& layer);
constexpr double kNominalRunMs = 0.05;

// Logarithms of the layer's sizes (channels in and out, side of the map) and of its window (kernel and stride):
// squared distances between them tell layers apart.
struct LayerShape {
  edgetpu::LayerKind kind = edgetpu::LayerKind::kNothing;
  std::array<double, 3> size{};
  std::array<double, 4> window{};
};
LayerShape shape_of(const edgetpu::Layer& layer);

struct Workload {
  std::vector<edgetpu::Layer> layers;  // distinct ones, by what they do; `node` is that of the first
  std::vector<double> counts;          // how often each occurs
  std::vector<int> layer_of_node;      // by the graph's nodes; -1 for one that does nothing
  double base_ms = 0;                  // the base target's prediction, where one is used
};
Workload workload_of(const Deployed& network);
bool same_work(const edgetpu::Layer& a, const edgetpu::Layer& b);

}  // namespace Atoll::calibrated
