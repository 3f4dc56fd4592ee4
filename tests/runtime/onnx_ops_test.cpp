// Each op alone, in integers, gives what onnxruntime gives, but for the last step: TFLite's rules round a product twice
// where its scale is large, and a mean's half away from zero, where ONNX's round once and half to even.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "atoll/model.h"
#include "atoll/runtime.h"
#include "atoll/zoo.h"
#include "format/networks.h"
#include "runtime/development_data.h"
#include "runtime/drawn_graph.h"
#include "runtime/onnx_oracle.h"

namespace Atoll {
namespace {

// The node as a network of its own: its activations are inputs, its constants stay.
Graph alone(const Graph& network, const Node& node) {
  Graph graph = network;
  graph.nodes = {node};
  graph.inputs.clear();
  for (const TensorId id : node.inputs) {
    if (id == kNoTensor || network.tensor(id).constant) continue;
    if (std::find(graph.inputs.begin(), graph.inputs.end(), id) == graph.inputs.end()) graph.inputs.push_back(id);
  }
  graph.outputs = {node.outputs[0]};
  return prune_unused(graph);
}

// A row for each op: how far from onnxruntime, node by node as the file has them, and fused.
struct Row {
  std::int64_t networks = 0;
  double plain = 0, fused = 0, equal = 1;
};

void expect_within_a_step(onnx::Oracle& oracle, const std::map<std::string, Graph>& graphs) {
  EXPECT_EQ(oracle.failures(), "");
  ASSERT_EQ(oracle.cases().size(), graphs.size());
  std::map<std::string, Row> rows;
  for (const onnx::Case& one : oracle.cases()) {
    const std::string name = one.path.stem().string();
    const Graph& graph = graphs.at(name);
    const NpyArray ours = onnx::run(graph, one.inputs, one.output.shape, true);
    const auto plain = onnx::difference(ours, one.plain), fused = onnx::difference(ours, one.output);
    const double step = ours.dtype == DType::kFloat32 ? 0 : 1;
    EXPECT_LE(plain.distance, step) << name << ": " << plain.text();
    EXPECT_LE(fused.distance, step) << name << ", fused: " << fused.text();
    Row& row = rows[std::string(name_of(graph.nodes[0].op))];
    ++row.networks;
    row.plain = std::max(row.plain, plain.distance);
    row.fused = std::max(row.fused, fused.distance);
    row.equal = std::min({row.equal, plain.equal, fused.equal});
  }
  for (const auto& [op, row] : rows)
    fmt::print("{:16} {:3} networks of one node: at most {} apart, fused {}; at least {:.2f} % equal\n", op,
               row.networks, row.plain, row.fused, row.equal * 100);
}

void add_each_node(const onnx::Oracle& oracle, const std::string& name, const Graph& network,
                   std::map<std::string, Graph>& graphs) {
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const std::string called = fmt::format("{}_{:03}", name, i);
    Graph graph = alone(network, network.nodes[i]);
    save_model(graph, oracle / (called + ".onnx"));
    graphs.emplace(called, std::move(graph));
  }
}

TEST(OnnxOps, OfPublishedClassifiersAreWithinAStep) {
  const std::vector<std::filesystem::path> classifiers = integer_classifiers();
  if (classifiers.empty()) GTEST_SKIP() << "no models in " << development_data();
  onnx::Oracle oracle;
  std::map<std::string, Graph> graphs;
  for (const std::filesystem::path& path : classifiers)
    add_each_node(oracle, path.stem().string(), load_model(path), graphs);
  if (!oracle.run() || !oracle.has_onnxruntime()) GTEST_SKIP() << "no onnxruntime " << oracle.reason();
  expect_within_a_step(oracle, graphs);
}

TEST(OnnxOps, OfAtollsOwnNetworksAreWithinAStep) {
  onnx::Oracle oracle;
  std::map<std::string, Graph> graphs;
  add_each_node(oracle, "int8", format_test::quantized_classifier(DType::kInt8), graphs);
  add_each_node(oracle, "uint8", format_test::quantized_classifier(DType::kUInt8), graphs);
  for (const char* name : {"mobilenet-v3-small", "mobilenet-v4-conv-s", "inception-v1", "densenet121"}) {
    const Graph network = build_zoo_model(name, {.h = 64, .w = 64, .classes = 50});
    add_each_node(oracle, name, onnx::random_int8(network), graphs);
  }
  if (!oracle.run() || !oracle.has_onnxruntime()) GTEST_SKIP() << "no onnxruntime " << oracle.reason();
  expect_within_a_step(oracle, graphs);
}

TEST(OnnxOps, DrawnAreWithinAStep) {
  onnx::Oracle oracle;
  std::map<std::string, Graph> graphs;
  Rng rng(11);
  for (const std::string& op : drawn::ops())
    for (const drawn::Numbers numbers : {drawn::Numbers::kInt8, drawn::Numbers::kUInt8})
      for (int round = 0; round < 10; ++round) {
        const std::string called = fmt::format("{}_{}_{}", op, drawn::name_of(numbers), round);
        Graph graph = drawn::draw({op, numbers, true, false}, rng);
        save_model(graph, oracle / (called + ".onnx"));
        graphs.emplace(called, std::move(graph));
      }
  if (!oracle.run() || !oracle.has_onnxruntime()) GTEST_SKIP() << "no onnxruntime " << oracle.reason();
  expect_within_a_step(oracle, graphs);
}

}  // namespace
}  // namespace Atoll
