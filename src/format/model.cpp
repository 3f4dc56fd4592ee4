#include "atoll/model.h"

#include <algorithm>

#include "atoll/error.h"
#include "atoll/weights.h"
#include "base/file.h"
#include "graph/rewrite.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_model_file(const std::string& extension) {
  return extension == ".tflite" || extension == ".onnx" || extension == ".json";
}

Graph load_file(const fs::path& path, const std::string& extension) {
  const std::string name = path.stem().string();
  const std::vector<std::byte> bytes = read_file(path);
  try {
    if (extension == ".tflite") return read_tflite(bytes, name);
    if (extension == ".onnx") {
      const fs::path folder = path.parent_path();
      return read_onnx(bytes, name, folder.empty() ? fs::path(".") : folder);
    }
    return read_architecture(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name);
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());  // the readers know the model's name only
  }
}

constexpr const char *kNetwork = "network.json", *kWeights = "weights.safetensors";

Graph load_trained(const fs::path& folder) {
  return load_weights(load_file(folder / kNetwork, ".json"), folder / kWeights);
}

bool is_training_form(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    return std::holds_alternative<BatchNorm>(node.op) || std::holds_alternative<Dropout>(node.op);
  });
}

}  // namespace

bool names_model_file(const std::string& model) { return is_model_file(extension_of(model)); }

Graph load_model(const std::string& model, const ZooOptions& options) {
  const fs::path path(model);
  const std::string extension = extension_of(path);
  if (is_model_file(extension)) {
    if (options.h != 0 || options.w != 0 || options.classes != 0)
      fail("'{}' is a file, whose resolution and classes are fixed; only a zoo name takes them", model);
    return load_file(path, extension);
  }
  std::error_code ignored;
  if (fs::exists(path / kNetwork, ignored)) return load_trained(path);
  if (extension == ".safetensors") fail("'{}' holds weights without their network; it goes with --weights", model);
  if (fs::exists(path, ignored) && model.find('/') != std::string::npos)
    fail("'{}' is not a model file: its name should end in .tflite, .onnx or .json", model);
  return build_zoo_model(model, options);
}

void save_trained(const Graph& graph, const fs::path& folder) {
  const Graph named = rewrite::with_unique_names(graph);  // weights are found by name
  save_model(named, folder / kNetwork);
  save_model(named, folder / kWeights);
}

void save_model(const Graph& graph, const fs::path& path) {
  const std::string extension = extension_of(path);
  if (extension == ".tflite") {
    write_file(path, write_tflite(is_training_form(graph) ? to_inference(graph) : graph));
  } else if (extension == ".onnx") {
    write_file(path, write_onnx(is_training_form(graph) ? to_inference(graph) : graph));
  } else if (extension == ".safetensors") {
    write_file(path, write_safetensors(graph));
  } else if (extension == ".json") {
    write_file(path, write_architecture(graph));
  } else {
    fail("a model cannot be written to '{}': its name should end in .tflite, .onnx, .json or .safetensors",
         path.string());
  }
}

}  // namespace Atoll
