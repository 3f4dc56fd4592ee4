// What Atoll writes as ONNX is valid, gives the same outputs in onnxruntime, and comes back as it was.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/runtime.h"
#include "format/networks.h"
#include "runtime/development_data.h"
#include "runtime/drawn_graph.h"
#include "runtime/onnx_oracle.h"

namespace Atoll {
namespace {

using onnx::Oracle;

std::vector<std::byte> outputs(const Graph& graph, const std::vector<std::vector<std::byte>>& inputs) {
  Session session(graph, {.kernels = Kernels::kReference});
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::copy(inputs[i].begin(), inputs[i].end(), session.input(i).begin());
  session.run();
  return {session.output().begin(), session.output().end()};
}

// The same outputs after a round trip: equal bytes for integers, within 1e-5 for real numbers.
void expect_round_trip(const Graph& graph, std::uint64_t seed = 1) {
  SCOPED_TRACE(graph.name);
  const std::vector<std::byte> file = write_onnx(graph);
  const Graph again = read_onnx(file, graph.name);
  EXPECT_EQ(again.input().shape, graph.input().shape);
  if (again.nodes.empty()) {  // a lone transpose that the two layouts make one of
    ASSERT_EQ(graph.nodes.size(), 1u);
    ASSERT_TRUE(std::holds_alternative<Transpose>(graph.nodes[0].op));
    EXPECT_EQ(again.output().shape, graph.output().shape);
    EXPECT_EQ(again.output().dtype, graph.output().dtype);
    EXPECT_EQ(again.output().quantization, graph.output().quantization);
    return;
  }
  EXPECT_EQ(scheme_of(again), scheme_of(graph));
  EXPECT_EQ(again.input().dtype, graph.input().dtype);
  EXPECT_EQ(again.input().quantization, graph.input().quantization);
  EXPECT_EQ(again.output().dtype, graph.output().dtype);
  EXPECT_EQ(again.output().quantization, graph.output().quantization);
  EXPECT_EQ(again.output().name, graph.output().name);
  EXPECT_EQ(write_onnx(read_onnx(file, graph.name)), write_onnx(again));
  Rng rng(seed);
  const auto inputs = drawn::draw_inputs(graph, rng);
  const Tensor& out = graph.output();
  const NpyArray before{out.dtype, out.shape, outputs(graph, inputs)};
  const NpyArray after{again.output().dtype, again.output().shape, outputs(again, inputs)};
  const onnx::Difference gap = onnx::difference(after, before);
  if (out.dtype == DType::kFloat32 && scheme_of(graph) != "int8")
    EXPECT_LE(gap.largest, 1e-5) << gap.text();
  else
    EXPECT_EQ(gap.largest, 0) << gap.text();
}

TEST(OnnxRoundTrip, KeepsTheOutputsOfEveryScheme) {
  for (const Graph& graph :
       {format_test::every_op(), format_test::classifier(), format_test::without_biases(DType::kFloat32),
        format_test::quantized_classifier(DType::kInt8), format_test::quantized_classifier(DType::kUInt8),
        format_test::without_biases(DType::kInt8), format_test::dynamic_classifier(),
        format_test::float16_classifier()})
    expect_round_trip(graph);
}

TEST(OnnxRoundTrip, KeepsTheOutputsOfEveryOp) {
  Rng rng(5);
  int graphs = 0;
  for (const std::string& op : drawn::ops())
    for (const drawn::Numbers numbers : drawn::numbers_of(op))
      for (int round = 0; round < 10; ++round) {
        const Graph graph = drawn::draw({op, numbers, true}, rng);
        SCOPED_TRACE(fmt::format("{} {} round {}", op, drawn::name_of(numbers), round));
        if (scheme_of(graph) == "int16") continue;
        expect_round_trip(graph, static_cast<std::uint64_t>(round));
        ++graphs;
      }
  EXPECT_GT(graphs, 300);
}

TEST(OnnxRoundTrip, KeepsPreprocessingAndLabels) {
  Graph graph = format_test::classifier();
  graph.preprocessing = Preprocessing{.mean = {1.5f, 2, 3}, .std = {4, 5, 6.25f}, .crop_fraction = 0.875f};
  graph.preprocessing->resize = Preprocessing::Resize::kBicubic;
  graph.labels = {"cat", "dog, \"hound\"", "Käse", "last one"};
  const Graph again = read_onnx(write_onnx(graph), "again");
  EXPECT_EQ(again.preprocessing, graph.preprocessing);
  EXPECT_EQ(again.labels, graph.labels);
}

// Zoo networks that are small enough to run among the fast tests; the slow tests have all of them.
const std::vector<std::pair<std::string, int>> kSmallZoo = {{"mobilenet-v1:width=0.25", 64},
                                                            {"mobilenet-v2", 64},
                                                            {"mobilenet-v3-small", 64},
                                                            {"efficientnet-b0", 64},
                                                            {"efficientnet-edgetpu-s", 64},
                                                            {"efficientnet-lite0", 64},
                                                            {"mnasnet-a1", 64},
                                                            {"squeezenet-1.1", 64},
                                                            {"densenet121", 64},
                                                            {"resnet50-v2", 64},
                                                            {"inception-v1", 64},
                                                            {"mobilenet-v4-conv-s", 64}};

TEST(OnnxExport, IsWhatOnnxruntimeComputes) {
  Oracle oracle;
  std::map<std::string, Graph> graphs;
  const auto add = [&](const std::string& name, const Graph& graph) {
    save_model(graph, oracle / (name + ".onnx"));
    graphs.emplace(name, graph);
  };
  add("every_op", format_test::every_op());
  add("classifier", format_test::classifier());
  add("float16", format_test::float16_classifier());
  add("quantized_int8", format_test::quantized_classifier(DType::kInt8));
  add("quantized_uint8", format_test::quantized_classifier(DType::kUInt8));
  for (const auto& [name, size] : kSmallZoo) {
    const Graph graph = build_zoo_model(name, {.h = size, .w = size, .classes = 50});
    const std::string file = name.substr(0, name.find(':'));
    add(file, with_random_weights(graph, 1));
    add(file + "_int8", onnx::random_int8(graph));
  }
  if (!oracle.run()) GTEST_SKIP() << oracle.reason();
  EXPECT_EQ(oracle.failures(), "");
  if (oracle.has_onnxruntime()) {
    EXPECT_EQ(oracle.cases().size(), graphs.size());
  }
  for (const onnx::Case& one : oracle.cases()) {
    const std::string name = one.path.stem().string();
    SCOPED_TRACE(name);
    const Graph& graph = graphs.at(name);
    const auto gap = onnx::difference(onnx::run(graph, one.input, one.output.shape, true), one.output);
    const auto again = onnx::run(load_model(one.path), one.input, one.output.shape, true);
    const auto trip = onnx::difference(again, onnx::run(graph, one.input, one.output.shape, true));
    fmt::print("{}: {}; after a round trip {:.2g}\n", name, gap.text(), trip.largest);
    if (graph.output().dtype == DType::kFloat32) {
      EXPECT_LE(gap.largest, 1e-4);
      EXPECT_LE(trip.largest, 1e-5);
    } else {
      EXPECT_EQ(trip.largest, 0);
    }
  }
}

// Of other makers: weights that were trained, scales that were calibrated.
TEST(OnnxExport, GivesOnnxruntimesIntegersWithinOneStep) {
  const auto folder = development_data() / "models";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no models in " << development_data();
  Oracle oracle;
  std::map<std::string, Graph> graphs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    const bool classifier = !name.ends_with("_edgetpu") && !name.starts_with("invalid") && !name.starts_with("split");
    if (!classifier || entry.path().extension() != ".tflite") continue;
    const Graph graph = load_model(entry.path());
    if (scheme_of(graph) != "int8" && scheme_of(graph) != "uint8") continue;
    save_model(graph, oracle / (name + ".onnx"));
    graphs.emplace(name, graph);
  }
  if (!oracle.run() || !oracle.has_onnxruntime()) GTEST_SKIP() << "no onnxruntime " << oracle.reason();
  EXPECT_EQ(oracle.failures(), "");
  for (const onnx::Case& one : oracle.cases()) {
    const Graph& graph = graphs.at(one.path.stem().string());
    SCOPED_TRACE(graph.name);
    const NpyArray ours = onnx::run(graph, one.input, one.output.shape, true);
    const auto gap = onnx::difference(ours, one.output);
    fmt::print("{}: {}\n", graph.name, gap.text());
    EXPECT_GE(gap.near, 0.99);
    EXPECT_EQ(onnx::difference(onnx::run(load_model(one.path), one.input, one.output.shape, true), ours).largest, 0);
  }
}

}  // namespace
}  // namespace Atoll
