// Models by the command line's MODEL word, whatever holds them: a zoo name, a .tflite or .onnx file, an Atoll
// architecture file (.json), or the folder of a training; and files written from a Graph.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/zoo.h"

namespace Atoll {

// Throws Error: unknown name (with the nearest), unreadable or malformed file.
Graph load_model(const std::string& model, const ZooOptions& options = {});

// Whether the name ends in one of a model file's extensions; then ZooOptions may not say anything.
bool names_model_file(const std::string& model);

// A network in its training form, with its weights, as network.json and weights.safetensors in `folder`, of which
// load_model() makes the same graph again.
void save_trained(const Graph& graph, const std::filesystem::path& folder);

// By the extension of `path`: .tflite and .onnx (a training form is folded first), .json (the architecture alone) or
// .safetensors (the weights alone).
void save_model(const Graph& graph, const std::filesystem::path& path);

// Every reader checks the whole file before use and bounds its memory by a small multiple of the file size.
Graph read_tflite(std::span<const std::byte> file, const std::string& name);
std::vector<std::byte> write_tflite(const Graph& graph);

// ONNX (opsets 7 to 24): maps become NHWC without leftover transposes, batch norm stays as it is (to_inference folds
// it), QuantizeLinear and DequantizeLinear become integer ops. Values in other files are read from `folder` only; an
// empty one: nowhere. Throws Error naming the first op that Atoll has no word for.
Graph read_onnx(std::span<const std::byte> file, const std::string& name, const std::filesystem::path& folder = {});
// Maps become NCHW, the network's inputs and outputs too; integer tensors become QuantizeLinear and DequantizeLinear.
std::vector<std::byte> write_onnx(const Graph& graph);

Graph read_architecture(const std::string& json, const std::string& name);
std::string write_architecture(const Graph& graph);

// What a person wants to see of a model: one line per layer, and how it is quantized.
struct LayerSummary {
  std::string name, op;
  std::string details;  // "3x3 stride 2 same relu6", ...
  std::string output;   // "[1, 112, 112, 32]"
  std::string type;     // "int8", "float32", ...: of the output
  std::int64_t params = 0, macs = 0;
  bool integer = false;  // reads and writes integers only
};
struct ModelSummary {
  std::string name, description, scheme;
  std::string quantization;  // "int8 activations, int8 weights per channel, int32 biases"; empty for float32
  std::int64_t params = 0, statistics = 0, macs = 0, weight_bytes = 0, peak_activation_bytes = 0;
  std::vector<LayerSummary> layers;
};
ModelSummary summary_of(const Graph& graph);

}  // namespace Atoll
