// Networks that others export as ONNX give onnxruntime's outputs, in any layout, and keep no transposes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "atoll/error.h"
#include "atoll/model.h"
#include "runtime/onnx_oracle.h"

namespace Atoll {
namespace {

using onnx::Oracle;

// Transposes that the network itself means.
const std::map<std::string, int> kOwnTransposes = {
    {"torch_shufflenet", 1},  // the channel shuffle
    {"opset_flat_map", 1},    // its output is a flattened map
};

int own_transposes(const std::string& name) {
  for (const auto& [prefix, count] : kOwnTransposes)
    if (name.starts_with(prefix)) return count;
  return 0;
}

std::string text_of(const Graph& graph) {
  std::string text;
  for (const LayerSummary& layer : summary_of(graph).layers) text += layer.op + " " + layer.name + "\n";
  return text;
}

constexpr const char* kNoOnnxruntime = "ATOLL_LITERT_PYTHON names no Python with the package onnxruntime";

// Integer networks round at other places than onnxruntime does: how many steps of the output's scale that may make.
constexpr double kNearSteps = 4;

double output_step(const Graph& graph) {
  for (const Node& node : graph.nodes)
    if (std::holds_alternative<Dequantize>(node.op) && node.outputs[0] == graph.outputs[0])
      return graph.tensor(node.inputs[0]).quantization.scale[0];
  fail("the network does not end in Dequantize");
}

void expect_outputs_of_onnxruntime(const Oracle& oracle) {
  EXPECT_EQ(oracle.failures(), "");
  for (const onnx::Case& one : oracle.cases()) {
    const std::string name = one.path.stem().string();
    SCOPED_TRACE(name);
    const Graph graph = load_model(one.path);
    const Graph inference = to_inference(graph);
    EXPECT_LE(onnx::count_transposes(graph), own_transposes(name)) << text_of(graph);
    for (const bool fast : {false, true}) {
      const auto gap = onnx::difference(onnx::run(inference, one.inputs, one.output.shape, fast), one.output);
      if (scheme_of(graph) == "float32" || scheme_of(graph) == "float16")
        EXPECT_LE(gap.largest, 1e-4) << text_of(graph);
      else
        EXPECT_LE(gap.distance / output_step(graph), kNearSteps) << text_of(graph);
    }
  }
}

TEST(OnnxImport, GivesTheOutputsOfPytorchsExports) {
  Oracle oracle;
  const char* named = std::getenv("ATOLL_TORCH_PYTHON");
  if (!oracle.make("torch_networks.py", named ? named : "/usr/bin/python3")) GTEST_SKIP() << oracle.reason();
  if (!oracle.run()) GTEST_SKIP() << oracle.reason();
  if (!oracle.has_onnxruntime()) GTEST_SKIP() << kNoOnnxruntime;
  EXPECT_EQ(oracle.cases().size(), 42u);
  expect_outputs_of_onnxruntime(oracle);
}

TEST(OnnxImport, GivesTheOutputsOfKerassFormsAndOfEveryOpset) {
  Oracle oracle;
  if (Oracle::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON names no Python";
  if (!oracle.make("networks.py", Oracle::python())) GTEST_SKIP() << oracle.reason();
  if (!oracle.run()) GTEST_SKIP() << oracle.reason();
  if (!oracle.has_onnxruntime()) GTEST_SKIP() << kNoOnnxruntime;
  EXPECT_GE(oracle.cases().size(), 29u);
  expect_outputs_of_onnxruntime(oracle);
}

TEST(OnnxImport, MakesQuantizedNetworksIntegerThroughout) {
  Oracle oracle;
  if (Oracle::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON names no Python";
  if (!oracle.make("networks.py", Oracle::python())) GTEST_SKIP() << oracle.reason();
  int networks = 0;
  for (const char* name :
       {"int8_per_tensor", "int8_per_channel", "int8_unsigned_activations", "int8_symmetric", "uint8_per_tensor"}) {
    const auto path = oracle / (std::string(name) + ".onnx");
    if (!std::filesystem::exists(path)) continue;
    const Graph graph = load_model(path);
    EXPECT_EQ(scheme_of(graph), std::string(name).starts_with("u") ? "uint8" : "int8");
    for (const Node& node : graph.nodes) {
      const bool border = std::holds_alternative<Quantize>(node.op) || std::holds_alternative<Dequantize>(node.op);
      if (!border) {
        EXPECT_NE(graph.tensor(node.outputs[0]).dtype, DType::kFloat32) << name << " " << node.name;
      }
    }
    ++networks;
  }
  if (networks == 0) GTEST_SKIP() << "onnxruntime.quantization is missing";
  EXPECT_EQ(networks, 5);
}

}  // namespace
}  // namespace Atoll
