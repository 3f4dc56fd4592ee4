#include "format/onnx/properties.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "atoll/error.h"
#include "format/preprocessing_json.h"
#include "format/text.h"

namespace Atoll::format {
namespace {

constexpr const char* kPreprocessing = "atoll.preprocessing";
constexpr const char* kLabels = "atoll.labels";
constexpr const char* kScheme = "atoll.scheme";
constexpr const char* kDynamic = "dynamic";
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

bool takes_weights(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

// A layer that reads real numbers and multiplies them with integers.
bool is_dynamic(const Graph& graph, const Node& node) {
  if (!takes_weights(node.op)) return false;
  const Tensor& weights = graph.tensor(node.inputs[1]);
  return weights.constant && weights.dtype == DType::kInt8 && graph.tensor(node.inputs[0]).dtype == DType::kFloat32;
}

// Integer weights go straight into their layers, which then work as TFLite's dynamic range kernels do.
Graph with_dynamic_layers(Graph graph) {
  const Uses uses = uses_of(graph);
  for (Node& node : graph.nodes) {
    if (!takes_weights(node.op)) continue;
    const int maker = uses.producer[static_cast<std::size_t>(node.inputs[1])];
    if (maker < 0) continue;
    const Node& before = graph.nodes[static_cast<std::size_t>(maker)];
    const Tensor& stored = graph.tensor(before.inputs[0]);
    if (std::holds_alternative<Dequantize>(before.op) && stored.constant && stored.dtype == DType::kInt8)
      node.inputs[1] = before.inputs[0];
  }
  return prune_unused(graph);
}

std::optional<nlohmann::json> json_of(const Properties& properties, const char* key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return std::nullopt;
  if (found->second.size() > kMostBytes)
    fail("its property '{}' has {} bytes, but at most {} are read", key, found->second.size(), kMostBytes);
  nlohmann::json json = nlohmann::json::parse(found->second, nullptr, false);
  if (json.is_discarded()) fail("its property '{}' is not valid JSON", key);
  return json;
}

}  // namespace

Properties properties_of(const Graph& graph) {
  Properties properties;
  if (graph.preprocessing) properties[kPreprocessing] = preprocessing_json(*graph.preprocessing).dump();
  if (!graph.labels.empty()) {
    nlohmann::json labels = nlohmann::json::array();
    for (const std::string& label : graph.labels) labels.push_back(clean_text(label));
    properties[kLabels] = labels.dump();
  }
  for (const Node& node : graph.nodes)
    if (is_dynamic(graph, node)) properties[kScheme] = kDynamic;
  return properties;
}

void read_properties(Graph& graph, const Properties& properties) {
  if (const auto json = json_of(properties, kPreprocessing)) graph.preprocessing = read_preprocessing(*json);
  if (const auto json = json_of(properties, kLabels)) {
    std::vector<std::string> labels;
    for (const nlohmann::json& label : *json) {
      if (!label.is_string()) fail("its property '{}' should be a list of strings", kLabels);
      labels.push_back(clean_text(label.get<std::string>()));
    }
    const Shape& scores = graph.output().shape;
    if (scores.rank() > 0 && scores.back() == static_cast<std::int64_t>(labels.size())) graph.labels = labels;
  }
  const auto scheme = properties.find(kScheme);
  if (scheme != properties.end() && scheme->second == kDynamic) graph = with_dynamic_layers(std::move(graph));
}

}  // namespace Atoll::format
