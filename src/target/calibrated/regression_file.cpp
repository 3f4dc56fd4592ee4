// Regression target files: plain numbers, one layer and one network a line. Predictions follow from them anew each
// time a file is read, so that nothing in it can disagree with the rest.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "atoll/error.h"
#include "target/calibrated/regression_target.h"
#include "target/target_file.h"

namespace Atoll::calibrated {
namespace {

using Json = nlohmann::ordered_json;
using edgetpu::Layer;
using edgetpu::LayerKind;

constexpr double kMost = 1e15;
constexpr int kDeepest = 4;  // bases within bases
constexpr std::size_t kLayerNumbers = 14, kMostLayersOfNetwork = 4096;

constexpr std::array<std::pair<LayerKind, const char*>, 11> kKinds = {{{LayerKind::kConv, "conv"},
                                                                       {LayerKind::kDepthwise, "depthwise"},
                                                                       {LayerKind::kTransposeConv, "transpose_conv"},
                                                                       {LayerKind::kFullyConnected, "dense"},
                                                                       {LayerKind::kElementwise, "elementwise"},
                                                                       {LayerKind::kPointwise, "pointwise"},
                                                                       {LayerKind::kPool, "pool"},
                                                                       {LayerKind::kMean, "mean"},
                                                                       {LayerKind::kSoftmax, "softmax"},
                                                                       {LayerKind::kMove, "move"},
                                                                       {LayerKind::kPad, "pad"}}};

const char* name_of(LayerKind kind) {
  for (const auto& [known, name] : kKinds)
    if (known == kind) return name;
  return "move";
}

Json to_json(const Layer& l) {
  return {name_of(l.kind), l.in.y,     l.in.x,     l.in.z,     l.out.y,     l.out.x, l.out.z,          l.kernel_y,
          l.kernel_x,      l.stride_y, l.stride_x, l.in_bytes, l.out_bytes, l.macs,  l.parameter_bytes};
}

// Reads fields of one file and says where something is wrong.
class File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    fail("target file '{}': {}", path_, fmt::format(text, std::forward<Args>(args)...));
  }
  const Json& field(const Json& object, const char* name) const {
    if (!object.is_object() || !object.contains(name)) refuse("there is no '{}'", name);
    return object.at(name);
  }
  double number(const Json& value, const std::string& name, double low, double high) const {
    if (!value.is_number()) refuse("{} should be a number, but is {}", name, value.dump().substr(0, 60));
    const double number = value.get<double>();
    if (!(number >= low && number <= high)) refuse("{} is {}, but should be from {} to {}", name, number, low, high);
    return number;
  }
  std::int64_t integer(const Json& value, const std::string& name, double low, double high) const {
    if (!value.is_number_integer()) refuse("{} should be a whole number, but is {}", name, value.dump().substr(0, 60));
    return static_cast<std::int64_t>(number(value, name, low, high));
  }
  const Json& array(const Json& object, const char* name, std::size_t least, std::size_t most) const {
    const Json& value = field(object, name);
    if (!value.is_array() || value.size() < least || value.size() > most)
      refuse("'{}' should be a list of {} to {} items", name, least, most);
    return value;
  }

 private:
  std::string path_;
};

Layer layer_of(const Json& json, std::size_t index, const File& file) {
  const std::string name = fmt::format("layers[{}]", index);
  if (!json.is_array() || json.size() != kLayerNumbers + 1 || !json[0].is_string())
    file.refuse("{} should be a kind and {} whole numbers", name, kLayerNumbers);
  Layer layer;
  const auto kind = json[0].get<std::string>();
  const auto known = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return kind == k.second; });
  if (known == kKinds.end()) file.refuse("{} is of the unknown kind '{}'", name, kind.substr(0, 60));
  layer.kind = known->first;
  std::size_t at = 1;
  for (std::int64_t* value : {&layer.in.y, &layer.in.x, &layer.in.z, &layer.out.y, &layer.out.x, &layer.out.z})
    *value = file.integer(json[at++], name, 1, 1e9);
  for (int* value : {&layer.kernel_y, &layer.kernel_x, &layer.stride_y, &layer.stride_x})
    *value = static_cast<int>(file.integer(json[at++], name, 1, 1e6));
  for (std::int64_t* value : {&layer.in_bytes, &layer.out_bytes, &layer.macs, &layer.parameter_bytes})
    *value = file.integer(json[at++], name, 0, kMost);
  return layer;
}

void read_network(const Json& json, std::size_t index, const File& file, Regression& regression) {
  const std::string name = fmt::format("networks[{}]", index);
  if (!json.is_object()) file.refuse("{} should be an object", name);
  regression.ms.push_back(file.number(file.field(json, "ms"), name + ".ms", 1e-9, 1e9));
  regression.base_ms.push_back(json.contains("base_ms") ? file.number(json.at("base_ms"), name + ".base_ms", 0, 1e9)
                                                        : 0);
  const Json& list = file.array(json, "layers", 0, 2 * kMostLayersOfNetwork);
  if (list.size() % 2 != 0) file.refuse("{}.layers should be pairs of a layer and how often it occurs", name);
  auto& counts = regression.counts.emplace_back();
  const double last = static_cast<double>(regression.layers.size()) - 1;
  for (std::size_t i = 0; i < list.size(); i += 2)
    counts.emplace_back(static_cast<int>(file.integer(list[i], name + ".layers", 0, last)),
                        static_cast<int>(file.integer(list[i + 1], name + ".layers", 1, 1e6)));
}

std::string lines_of(const std::vector<Json>& rows) {
  std::string text;
  for (const Json& row : rows) text += (text.empty() ? "\n    " : ",\n    ") + row.dump();
  return "[" + text + "\n  ]";
}

}  // namespace

std::string write_regression(const RegressionFile& file) {
  const Regression& r = file.regression;
  Json head;
  head["kind"] = "regression";
  head["name"] = file.name;
  head["description"] = file.description;
  head["calibration"] = Json::parse(file.calibration);
  head["interval"] = {{"width", file.width}};
  head["scale"] = r.scale;
  for (std::size_t i = 0; i < kResources; ++i)
    if (r.factors[i] > 0) head["rates"][std::string(name_of(static_cast<Resource>(i)))] = r.factors[i];
  head["spreads"] = {{"kind", r.spreads.kind},
                     {"shape", r.spreads.shape},
                     {"size_length", r.spreads.size_length},
                     {"window_length", r.spreads.window_length},
                     {"noise", r.spreads.noise}};
  if (file.base != nullptr) head["base"] = {{"unit", r.base_unit}, {"target", Json::parse(target_file(*file.base))}};
  std::vector<Json> layers, networks;
  for (const Layer& layer : r.layers) layers.push_back(to_json(layer));
  for (std::size_t i = 0; i < r.ms.size(); ++i) {
    Json network = {{"ms", r.ms[i]}};
    if (r.uses_base) network["base_ms"] = r.base_ms[i];
    network["layers"] = Json::array();
    for (const auto& [layer, count] : r.counts[i]) {
      network["layers"].push_back(layer);
      network["layers"].push_back(count);
    }
    networks.push_back(std::move(network));
  }
  std::string text = head.dump(2);
  text.resize(text.size() - 2);  // the closing "\n}"
  return text + ",\n  \"layers\": " + lines_of(layers) + ",\n  \"networks\": " + lines_of(networks) + "\n}\n";
}

RegressionFile read_regression(const std::string& text, const std::string& path, int depth) {
  const File file(path);
  if (depth > kDeepest) file.refuse("bases are nested more than {} deep", kDeepest);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) file.refuse("it is not a JSON object");
  const auto words = [&](const char* name, const std::string& otherwise) {
    return json.contains(name) && json.at(name).is_string() ? json.at(name).get<std::string>() : otherwise;
  };
  RegressionFile result;
  result.name = words("name", path);
  result.description = words("description", "a device known by measurements");
  result.calibration = json.contains("calibration") && json.at("calibration").is_object()
                           ? json.at("calibration").dump()
                           : std::string("{}");
  result.width = file.number(file.field(file.field(json, "interval"), "width"), "interval.width", 0, 1e6);
  Regression& r = result.regression;
  r.scale = file.number(file.field(json, "scale"), "scale", 1e-12, 1e12);
  r.uses_base = json.contains("base");
  const Json& rates = file.field(json, "rates");
  for (std::size_t i = 0; i < kResources; ++i) {
    const std::string name(name_of(static_cast<Resource>(i)));
    if (static_cast<Resource>(i) == Resource::kBaseMs && !r.uses_base) continue;
    r.factors[i] = file.number(file.field(rates, name.c_str()), "rates." + name, 1e-12, 1e12);
  }
  const Json& spreads = file.field(json, "spreads");
  const auto spread = [&](const char* name, double low) {
    return file.number(file.field(spreads, name), std::string("spreads.") + name, low, 1e3);
  };
  r.spreads = {spread("kind", 0), spread("shape", 0), spread("size_length", 1e-3), spread("window_length", 1e-3),
               spread("noise", 1e-5)};
  const Json& layers = file.array(json, "layers", 0, kMostLayers);
  for (std::size_t i = 0; i < layers.size(); ++i) r.layers.push_back(layer_of(layers[i], i, file));
  const Json& networks = file.array(json, "networks", 1, kMostNetworks);
  for (std::size_t i = 0; i < networks.size(); ++i) read_network(networks[i], i, file, r);
  if (r.uses_base) {
    r.base_unit = file.number(file.field(json.at("base"), "unit"), "base.unit", 1e-12, 1e12);
    result.base = read_target(file.field(json.at("base"), "target").dump(), path, depth + 1);
  }
  return result;
}

}  // namespace Atoll::calibrated
