#include <fmt/format.h>

#include "atoll/compiled.h"
#include "atoll/model.h"
#include "atoll/report.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct ShowFlags {
  ModelArgument model;
  bool layers = false;
};

nlohmann::json tensors_json(const Graph& graph, const std::vector<TensorId>& ids) {
  nlohmann::json list = nlohmann::json::array();
  for (const TensorId id : ids) {
    const Tensor& tensor = graph.tensor(id);
    nlohmann::json json = {{"name", tensor.name},
                           {"shape", std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end())},
                           {"type", name_of(tensor.dtype)}};
    if (tensor.quantization.scale.size() == 1) {
      json["scale"] = tensor.quantization.scale[0];
      json["zero_point"] = tensor.quantization.zero_point[0];
    }
    list.push_back(std::move(json));
  }
  return list;
}

nlohmann::json to_json(const Graph& graph, const ModelSummary& summary) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerSummary& layer : summary.layers)
    layers.push_back({{"name", layer.name},
                      {"op", layer.op},
                      {"details", layer.details},
                      {"output", layer.output},
                      {"type", layer.type},
                      {"params", layer.params},
                      {"macs", layer.macs},
                      {"integer", layer.integer}});
  nlohmann::json not_integer = nlohmann::json::array();
  for (const LayerSummary& layer : summary.layers)
    if (!layer.integer) not_integer.push_back(layer.name);
  nlohmann::json json = {{"name", summary.name},
                         {"description", summary.description},
                         {"params", summary.params},
                         {"macs", summary.macs},
                         {"scheme", summary.scheme},
                         {"quantization", summary.quantization},
                         {"weight_bytes", summary.weight_bytes},
                         {"peak_activation_bytes", summary.peak_activation_bytes},
                         {"inputs", tensors_json(graph, graph.inputs)},
                         {"outputs", tensors_json(graph, graph.outputs)},
                         {"labels", graph.labels.size()},
                         {"not_integer", not_integer},
                         {"layers", layers}};
  if (graph.preprocessing)
    json["preprocessing"] = {{"mean", graph.preprocessing->mean}, {"std", graph.preprocessing->std}};
  return json;
}

std::string tensor_text(const Tensor& tensor) {
  std::string text = fmt::format("{} {} {}", tensor.name, name_of(tensor.dtype), tensor.shape.str());
  if (tensor.quantization.scale.size() == 1)
    text +=
        fmt::format(", scale {:.6g}, zero point {}", tensor.quantization.scale[0], tensor.quantization.zero_point[0]);
  return text;
}

std::string facts_text(const Graph& graph, const ModelSummary& summary) {
  report::Table table;
  const auto fact = [&](const char* name, const std::string& value) {
    if (!value.empty()) table.rows.push_back({name, value});
  };
  fact("name", summary.name);
  fact("description", summary.description);
  fact("scheme", summary.scheme + (summary.quantization.empty() ? "" : ": " + summary.quantization));
  for (const TensorId id : graph.inputs) fact("input", tensor_text(graph.tensor(id)));
  for (const TensorId id : graph.outputs) fact("output", tensor_text(graph.tensor(id)));
  fact("layers", std::to_string(summary.layers.size()));
  fact("parameters", fmt::format("{} ({})", summary.params, count_text(static_cast<double>(summary.params))));
  fact("MACs", fmt::format("{} ({})", summary.macs, count_text(static_cast<double>(summary.macs))));
  fact("weights", bytes_text(static_cast<double>(summary.weight_bytes)));
  fact("activations", bytes_text(static_cast<double>(summary.peak_activation_bytes)) + " at most at a time");
  if (const auto& p = graph.preprocessing)
    fact("preprocessing", fmt::format("(pixel - {:.6g}) / {:.6g}", fmt::join(p->mean, ", "), fmt::join(p->std, ", ")));
  if (!graph.labels.empty())
    fact("labels",
         fmt::format("{}, from '{}' to '{}'", graph.labels.size(), graph.labels.front(), graph.labels.back()));
  return report::text_table(table);
}

std::string layers_text(const ModelSummary& summary) {
  report::Table table{.header = {"#", "name", "op", "details", "output", "type", "parameters", "MACs"},
                      .right = {true, false, false, false, false, false, true, true}};
  for (std::size_t i = 0; i < summary.layers.size(); ++i) {
    const LayerSummary& layer = summary.layers[i];
    const auto number = [](std::int64_t value) { return value == 0 ? std::string() : std::to_string(value); };
    table.rows.push_back({std::to_string(i), layer.name, layer.op, layer.details, layer.output, layer.type,
                          number(layer.params), number(layer.macs)});
  }
  return "\n" + report::text_table(table);
}

// Of a network with integers in it: the layers that compute in float, and for dynamic range, with what weights.
std::string float_layers_text(const Graph& graph, const ModelSummary& summary) {
  const bool dynamic = summary.scheme == "dynamic";
  if (!dynamic && summary.scheme != "int8" && summary.scheme != "uint8" && summary.scheme != "int16") return "";
  report::Table table{.header = {"not integer", "op", "type"}};
  if (dynamic) table.header.push_back("weights");
  for (std::size_t i = 0; i < summary.layers.size(); ++i) {
    const LayerSummary& layer = summary.layers[i];
    const std::vector<TensorId>& inputs = graph.nodes[i].inputs;
    const bool has_weights = layer.params > 0 && inputs.size() > 1 && inputs[1] != kNoTensor;
    const std::string weights(dynamic && has_weights ? name_of(graph.tensor(inputs[1]).dtype) : "");
    if (!layer.integer) table.rows.push_back({layer.name, layer.op, layer.type, weights});
  }
  return table.rows.empty() ? "" : "\n" + report::text_table(table);
}

nlohmann::json to_json(const EdgeTpuPackage& package) {
  nlohmann::json executables = nlohmann::json::array();
  for (const EdgeTpuExecutable& e : package.executables)
    executables.push_back({{"type", name_of(e.type)},
                           {"chip", e.chip},
                           {"parameter_bytes", e.parameter_bytes},
                           {"instruction_bytes", e.instruction_bytes},
                           {"instruction_streams", e.instruction_streams},
                           {"scratch_bytes", e.scratch_bytes},
                           {"narrow_bytes_per_tile", e.narrow_bytes_per_tile},
                           {"input_bytes", e.input_bytes},
                           {"output_bytes", e.output_bytes},
                           {"estimated_cycles", e.estimated_cycles}});
  return {{"compiler_version", package.compiler_version},     {"min_runtime_version", package.min_runtime_version},
          {"cached_bytes", package.cached_bytes()},           {"streamed_bytes", package.streamed_bytes()},
          {"instruction_bytes", package.instruction_bytes()}, {"executables", executables}};
}

// Of a file that was compiled for the Edge TPU: what runs there.
std::vector<EdgeTpuPackage> packages_of(const Graph& graph) {
  std::vector<EdgeTpuPackage> packages;
  for (const Node& node : graph.nodes)
    if (std::optional<EdgeTpuPackage> package = edgetpu_package_of(node)) packages.push_back(std::move(*package));
  return packages;
}

std::string package_text(const EdgeTpuPackage& package) {
  report::Table table{.header = {"executable", "chip", "parameters", "instructions", "activations a tile", "cycles"},
                      .right = {false, false, true, true, true, true}};
  const auto number = [](std::int64_t value) { return value == 0 ? std::string("-") : std::to_string(value); };
  for (const EdgeTpuExecutable& e : package.executables)
    table.rows.push_back({std::string(name_of(e.type)), e.chip, number(e.parameter_bytes), number(e.instruction_bytes),
                          number(e.narrow_bytes_per_tile), number(e.estimated_cycles)});
  return fmt::format(
      "\nCompiled for the Edge TPU by {}; needs a runtime of version {}.\n"
      "Parameters: {} bytes cached on the chip, {} bytes streamed in every inference; instructions: {} bytes.\n\n{}",
      package.compiler_version.empty() ? "a compiler of unknown version" : package.compiler_version,
      package.min_runtime_version, package.cached_bytes(), package.streamed_bytes(), package.instruction_bytes(),
      report::text_table(table));
}

int show(const Cli& cli, const ShowFlags& flags) {
  const Graph graph = flags.model.load();
  const ModelSummary summary = summary_of(graph);
  const std::vector<EdgeTpuPackage> packages = packages_of(graph);
  if (cli.common.json) {
    nlohmann::json json = to_json(graph, summary);
    for (const EdgeTpuPackage& package : packages) json["edgetpu"].push_back(to_json(package));
    print_json(json);
    return kDone;
  }
  print(facts_text(graph, summary));
  if (flags.layers) print(layers_text(summary));
  print(float_layers_text(graph, summary));
  for (const EdgeTpuPackage& package : packages) print(package_text(package));
  return kDone;
}

}  // namespace

void add_show(Cli& cli) {
  CLI::App* command = cli.command("show", "shows a model: layers, parameters, MACs, how it is quantized",
                                  "  atoll show efficientnet-edgetpu-s --layers\n"
                                  "  atoll show model_int8.tflite --json");
  const auto flags = std::make_shared<ShowFlags>();
  flags->model.declare(command);
  command->add_flag("--layers", flags->layers, "one line for each layer");
  cli.run(command, [&cli, flags] { return show(cli, *flags); });
}

}  // namespace Atoll::cli
