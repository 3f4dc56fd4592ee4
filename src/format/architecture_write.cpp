// Writes the structure of a network as JSON: one tensor and one node to a line, so that two can be compared.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "atoll/model.h"
#include "format/architecture.h"
#include "format/preprocessing_json.h"
#include "format/text.h"

namespace Atoll {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(Size2D size) { return {size.h, size.w}; }
Json json_of(Activation activation) { return std::string(name_of(activation)); }
Json json_of(const Padding& padding) {
  switch (padding.kind) {
    case Padding::Kind::kSame: return "same";
    case Padding::Kind::kValid: return "valid";
    case Padding::Kind::kExplicit: break;
  }
  return {padding.top, padding.bottom, padding.left, padding.right};
}
Json json_of(const Shape& shape) { return Json(std::vector<std::int64_t>(shape.begin(), shape.end())); }
Json json_of(const std::string& text) { return format::clean_text(text); }
Json json_of(const std::vector<std::uint8_t>& bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }
template <typename T>
Json json_of(const T& value) {
  return Json(value);
}

Json tensor_json(const Tensor& tensor) {
  Json json = {{"name", json_of(tensor.name)}, {"shape", json_of(tensor.shape)}};
  json["dtype"] = std::string(name_of(tensor.dtype));
  if (tensor.constant) json["constant"] = true;
  if (const Quantization& q = tensor.quantization; !q.empty()) {
    json["quantization"] = {{"scale", q.scale}, {"zero_point", q.zero_point}};
    if (q.per_channel()) json["quantization"]["axis"] = q.axis;
  }
  return json;
}

Json node_json(const Node& node) {
  Json json = {{"name", json_of(node.name)}};
  json["op"] = std::holds_alternative<Opaque>(node.op) ? "Opaque" : std::string(name_of(node.op));
  json["inputs"] = node.inputs;
  json["outputs"] = node.outputs;
  if (node.version != 1) json["version"] = node.version;
  const auto field = [&](const char* name, const auto& value) { json[name] = json_of(value); };
  std::visit([&](const auto& op) { format::visit_fields(field, op); }, node.op);
  return json;
}

template <typename List, typename ToJson>
std::string lines(const List& list, ToJson&& to_json) {
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i) text += (i == 0 ? "\n    " : ",\n    ") + to_json(list[i]).dump();
  return text + (list.empty() ? "]" : "\n  ]");
}

}  // namespace

std::string write_architecture(const Graph& graph) {
  std::string text = "{\n";
  const auto member = [&](const char* name, const std::string& value) {
    text += fmt::format("{}  \"{}\": {}", text.size() == 2 ? "" : ",\n", name, value);
  };
  member("format", Json(format::kArchitectureFormat).dump());
  member("version", Json(format::kArchitectureVersion).dump());
  member("name", json_of(graph.name).dump());
  member("description", json_of(graph.description).dump());
  if (graph.preprocessing) member("preprocessing", format::preprocessing_json(*graph.preprocessing).dump());
  if (!graph.labels.empty()) member("labels", lines(graph.labels, [](const auto& label) { return json_of(label); }));
  member("inputs", Json(graph.inputs).dump());
  member("outputs", Json(graph.outputs).dump());
  member("tensors", lines(graph.tensors, tensor_json));
  member("nodes", lines(graph.nodes, node_json));
  return text + "\n}\n";
}

}  // namespace Atoll
