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
  for (const Graph& graph : format_test::of_every_scheme()) expect_round_trip(graph);
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
    const auto gap = onnx::difference(onnx::run(graph, one.inputs, one.output.shape, true), one.output);
    const auto again = onnx::run(load_model(one.path), one.inputs, one.output.shape, true);
    const auto trip = onnx::difference(again, onnx::run(graph, one.inputs, one.output.shape, true));
    fmt::print("{}: {}; after a round trip {:.2g}\n", name, gap.text(), trip.largest);
    if (graph.output().dtype == DType::kFloat32) {
      EXPECT_LE(gap.largest, 1e-4);
      EXPECT_LE(trip.largest, 1e-5);
    } else {
      EXPECT_EQ(trip.largest, 0);
    }
  }
}

double mean_distance(const NpyArray& a, const NpyArray& b) {
  const bool is_signed = a.dtype == DType::kInt8;
  double sum = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    const auto value = [&](const NpyArray& array) {
      const auto byte = std::to_integer<std::uint8_t>(array.bytes[i]);
      return is_signed ? static_cast<std::int8_t>(byte) : static_cast<int>(byte);
    };
    sum += std::abs(value(a) - value(b));
  }
  return sum / static_cast<double>(a.bytes.size());
}

// Every value moved by a step, up or down, or left as it is.
std::vector<NpyArray> one_step_noise(std::vector<NpyArray> inputs, Rng& rng) {
  for (NpyArray& input : inputs)
    for (std::byte& byte : input.bytes) {
      const bool is_signed = input.dtype == DType::kInt8;
      const auto bits = std::to_integer<std::uint8_t>(byte);
      const int low = is_signed ? -128 : 0, value = is_signed ? static_cast<std::int8_t>(bits) : bits;
      byte = static_cast<std::byte>(std::clamp(value + static_cast<int>(rng.below(3)) - 1, low, low + 255));
    }
  return inputs;
}

// Networks of other makers: weights that were trained, scales that were calibrated. TFLite's rules and ONNX's round at
// other places, so an op's outputs may be a step apart (OnnxOps tests that), and what a network makes of that depends
// on the network: it is measured by what the network makes of inputs that are a step apart. onnxruntime's own two ways
// of computing one file, fused and plain, are apart by a like distance, which is printed.
TEST(OnnxExport, DiffersFromOnnxruntimeLikeInputsThatAreAStepApart) {
  const std::vector<std::filesystem::path> classifiers = integer_classifiers();
  if (classifiers.empty()) GTEST_SKIP() << "no models in " << development_data();
  constexpr int kInputs = 6;
  Oracle oracle;
  std::map<std::string, Graph> graphs;
  for (const std::filesystem::path& path : classifiers) {
    const std::string name = path.stem().string();
    graphs.emplace(name, load_model(path));
    for (int i = 0; i < kInputs; ++i) save_model(graphs.at(name), oracle / fmt::format("{}+{}.onnx", name, i));
  }
  if (!oracle.run() || !oracle.has_onnxruntime()) GTEST_SKIP() << "no onnxruntime " << oracle.reason();
  EXPECT_EQ(oracle.failures(), "");
  struct Sums {
    double fused = 0, plain = 0, between = 0, noise = 0;
  };
  std::map<std::string, Sums> sums;
  Rng rng(3);
  for (const onnx::Case& one : oracle.cases()) {
    const std::string name = one.path.stem().string().substr(0, one.path.stem().string().rfind('+'));
    const Graph& graph = graphs.at(name);
    const NpyArray ours = onnx::run(graph, one.inputs, one.output.shape, true);
    const NpyArray noisy = onnx::run(graph, one_step_noise(one.inputs, rng), one.output.shape, true);
    EXPECT_EQ(onnx::difference(onnx::run(load_model(one.path), one.inputs, one.output.shape, true), ours).largest, 0);
    Sums& sum = sums[name];
    sum.fused += mean_distance(ours, one.output);
    sum.plain += mean_distance(ours, one.plain);
    sum.between += mean_distance(one.output, one.plain);
    sum.noise += mean_distance(ours, noisy);
  }
  EXPECT_EQ(sums.size(), graphs.size());
  for (const auto& [name, sum] : sums) {
    fmt::print("{}: steps from fused {:.3f}, from plain {:.3f}; fused from plain {:.3f}; one step of noise {:.3f}\n",
               name, sum.fused / kInputs, sum.plain / kInputs, sum.between / kInputs, sum.noise / kInputs);
    EXPECT_LE(sum.fused, 2 * sum.noise) << name;
    EXPECT_LE(sum.plain, 2 * sum.noise) << name;
  }
}

}  // namespace
}  // namespace Atoll
