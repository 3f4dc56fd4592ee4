#include "target/calibrated/workload.h"

#include <algorithm>
#include <cmath>

namespace Atoll::calibrated {
namespace {

using edgetpu::Layer;
using edgetpu::LayerKind;

constexpr double kMacsPerMs = 1e9, kDepthwiseMacsPerMs = 1e8, kBytesPerMs = 1e8, kLayerMs = 0.005;

double& at(Amounts& amounts, Resource resource) { return amounts[static_cast<std::size_t>(resource)]; }

double log_of(std::int64_t n) { return std::log(static_cast<double>(std::max<std::int64_t>(1, n))); }

}  // namespace

std::string_view name_of(Resource resource) {
  switch (resource) {
    case Resource::kConvMacs: return "conv_macs";
    case Resource::kDepthwiseMacs: return "depthwise_macs";
    case Resource::kElementwiseBytes: return "elementwise_bytes";
    case Resource::kPoolBytes: return "pool_bytes";
    case Resource::kActivationBytes: return "activation_bytes";
    case Resource::kWeightBytes: return "weight_bytes";
    case Resource::kLayers: return "layers";
    case Resource::kRuns: return "runs";
    case Resource::kBaseMs: return "base_ms";
  }
  return "?";
}

Amounts amounts_of(const Layer& layer) {
  Amounts amounts{};
  const auto macs = static_cast<double>(layer.macs);
  const double bytes_ms = static_cast<double>(layer.in_bytes + layer.out_bytes) / kBytesPerMs;
  at(amounts, Resource::kWeightBytes) = static_cast<double>(layer.parameter_bytes) / kBytesPerMs;
  at(amounts, Resource::kLayers) = kLayerMs;
  switch (layer.kind) {
    case LayerKind::kConv:
    case LayerKind::kTransposeConv:
    case LayerKind::kFullyConnected:
      at(amounts, Resource::kConvMacs) = macs / kMacsPerMs;
      at(amounts, Resource::kActivationBytes) = bytes_ms;
      break;
    case LayerKind::kDepthwise:
      at(amounts, Resource::kDepthwiseMacs) = macs / kDepthwiseMacsPerMs;
      at(amounts, Resource::kActivationBytes) = bytes_ms;
      break;
    case LayerKind::kPool:
    case LayerKind::kMean: at(amounts, Resource::kPoolBytes) = bytes_ms; break;
    case LayerKind::kElementwise:
    case LayerKind::kPointwise:
    case LayerKind::kSoftmax:
    case LayerKind::kMove:
    case LayerKind::kPad: at(amounts, Resource::kElementwiseBytes) = bytes_ms; break;
    case LayerKind::kNothing: return {};
  }
  return amounts;
}

LayerShape shape_of(const Layer& layer) {
  // Rows and columns count half each, so that a square window weighs as its side does.
  const double half = std::sqrt(0.5);
  return {layer.kind,
          {log_of(layer.in.z), log_of(layer.out.z), 0.5 * log_of(layer.in.y * layer.in.x)},
          {half * log_of(layer.kernel_y), half * log_of(layer.kernel_x), half * log_of(layer.stride_y),
           half * log_of(layer.stride_x)}};
}

bool same_work(const Layer& a, const Layer& b) {
  const auto same = [](const edgetpu::Extent& x, const edgetpu::Extent& y) {
    return x.y == y.y && x.x == y.x && x.z == y.z;
  };
  return a.kind == b.kind && same(a.in, b.in) && same(a.out, b.out) && a.kernel_y == b.kernel_y &&
         a.kernel_x == b.kernel_x && a.stride_y == b.stride_y && a.stride_x == b.stride_x && a.in_bytes == b.in_bytes &&
         a.out_bytes == b.out_bytes && a.macs == b.macs && a.parameter_bytes == b.parameter_bytes;
}

Workload workload_of(const Deployed& network) {
  Workload work;
  const std::vector<Layer> layers = edgetpu::layers_of(network.graph, network.int8);
  work.layer_of_node.assign(layers.size(), -1);
  for (std::size_t node = 0; node < layers.size(); ++node) {
    if (layers[node].kind == LayerKind::kNothing) continue;
    const auto found = std::find_if(work.layers.begin(), work.layers.end(),
                                    [&](const Layer& known) { return same_work(known, layers[node]); });
    const auto index = static_cast<std::size_t>(found - work.layers.begin());
    if (found == work.layers.end()) {
      work.layers.push_back(layers[node]);
      work.counts.push_back(0);
    }
    work.counts[index] += 1;
    work.layer_of_node[node] = static_cast<int>(index);
  }
  return work;
}

}  // namespace Atoll::calibrated
