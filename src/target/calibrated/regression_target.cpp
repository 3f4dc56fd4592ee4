#include "target/calibrated/regression_target.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "target/edgetpu/op_names.h"
#include "target/everything_maps.h"

namespace Atoll::calibrated {
namespace {

constexpr double kWidestLogarithm = 3;  // an interval ends at a factor of 20

// What takes most of a layer's time, at the fitted rates.
const char* bound_of(const Amounts& amounts, const Amounts& factors) {
  std::size_t largest = static_cast<std::size_t>(Resource::kLayers);
  for (std::size_t r = 0; r < kResources; ++r)
    if (amounts[r] * factors[r] > amounts[largest] * factors[largest]) largest = r;
  switch (static_cast<Resource>(largest)) {
    case Resource::kConvMacs:
    case Resource::kDepthwiseMacs: return "compute";
    case Resource::kElementwiseBytes:
    case Resource::kPoolBytes:
    case Resource::kActivationBytes: return "activations";
    case Resource::kWeightBytes: return "weights";
    default: return "fixed";
  }
}

// The base's layers join those of the same name; its transfers stay layers of their own.
void add_base(std::vector<LayerPrediction>& layers, const Prediction& base, double share) {
  std::unordered_map<std::string, std::size_t> by_name;
  for (std::size_t i = layers.size(); i-- > 0;) by_name[layers[i].name] = i;
  for (const LayerPrediction& layer : base.layers) {
    if (const auto found = by_name.find(layer.name); found != by_name.end()) {
      layers[found->second].ms += share * layer.ms;
      layers[found->second].onchip_bytes = layer.onchip_bytes;
      layers[found->second].offchip_bytes = layer.offchip_bytes;
    } else {
      layers.push_back(layer);
      layers.back().ms *= share;
    }
  }
}

}  // namespace

RegressionTarget::RegressionTarget(RegressionFile file) : file_(std::move(file)), posterior_(file_.regression) {}

double RegressionTarget::latency_ms(const Graph& graph) const {
  Workload work = workload_of(deployed(graph));
  if (file_.base != nullptr) work.base_ms = file_.base->latency_ms(graph);
  return posterior_.ms(work);
}

Prediction RegressionTarget::predict(const Graph& graph) const {
  const Deployed network = deployed(graph);
  Workload work = workload_of(network);
  Prediction base;
  if (file_.base != nullptr) {
    base = file_.base->predict(graph);
    work.base_ms = base.latency_ms;
  }
  const Estimate estimate = posterior_.estimate(work);
  Prediction result;
  result.latency_ms = estimate.ms;
  const double reach = std::exp(std::min(kWidestLogarithm, file_.width * estimate.spread));
  result.low_ms = estimate.ms / reach;
  result.high_ms = estimate.ms * reach;

  const std::vector<edgetpu::Layer> layers = edgetpu::layers_of(network.graph, network.int8);
  LayerPrediction invoke;
  invoke.name = invoke.op = "invoke";
  invoke.ms = estimate.run_ms;
  invoke.bound_by = "fixed";
  result.layers.push_back(std::move(invoke));
  for (std::size_t i = 0; i < network.graph.nodes.size(); ++i) {
    const int layer = work.layer_of_node[i];
    if (layer < 0) continue;
    const Node& node = network.graph.nodes[i];
    LayerPrediction one;
    one.name = node.name;
    one.op = edgetpu::compiler_name(node.op);
    one.ms = estimate.layer_ms[static_cast<std::size_t>(layer)];
    one.bound_by = bound_of(amounts_of(layers[i]), file_.regression.factors);
    one.macs = layers[i].macs;
    one.activation_bytes = layers[i].in_bytes + layers[i].out_bytes;
    result.layers.push_back(std::move(one));
  }
  if (file_.base != nullptr) {
    add_base(result.layers, base, estimate.base_share);
    result.onchip_bytes = base.onchip_bytes;
    result.onchip_free_bytes = base.onchip_free_bytes;
    result.offchip_bytes = base.offchip_bytes;
  }
  return result;
}

CheckReport RegressionTarget::check(const Graph& graph, const CheckOptions&) const { return everything_maps(graph); }

}  // namespace Atoll::calibrated
