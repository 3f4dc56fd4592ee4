// LiteRT's reference kernels must give the same bytes as ours for what the quantizer makes.
#include <gtest/gtest.h>

#include "atoll/model.h"
#include "fixtures.h"
#include "runtime/litert.h"

namespace Atoll {
namespace {

using namespace fixtures;

std::vector<std::byte> copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

void add_pictures(litert::Cases& cases, const std::string& name, const Graph& graph, const Dataset& data,
                  double tolerance) {
  const std::vector<std::byte> model = write_tflite(graph);
  Session session(graph, {.kernels = Kernels::kReference});
  for (std::int64_t i = 0; i < 6; ++i) {
    run_on(session, data, i);
    std::vector<std::vector<std::byte>> outputs;
    for (std::size_t k = 0; k < graph.outputs.size(); ++k) outputs.push_back(copy(session.output(k)));
    // The input's memory may have been reused by the run.
    Session fresh(graph, {.kernels = Kernels::kReference});
    const Shape& shape = graph.input().shape;
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    preprocess(data.image(i), *graph.preprocessing, static_cast<int>(shape.h()), static_cast<int>(shape.w()),
               static_cast<int>(shape.c()), values);
    fresh.set_input(values);
    cases.add(name, model, graph, {copy(fresh.input())}, outputs, tolerance);
  }
}

// Branches that share parameters, are requantized, and end in fixed scales.
Graph branches(std::uint64_t seed) {
  GraphBuilder b("branches");
  const TensorId x = b.input({1, 12, 12, 3});
  const TensorId stem = b.conv2d(x, 8, 3, {.stride = 2, .padding = Padding::symmetric(1, 1), .bias = true}, "stem");
  const TensorId swish = b.node("swish", Swish{}, {stem});
  const TensorId hard = b.node("hard_swish", HardSwish{}, {stem});
  const TensorId pool = b.node("max", MaxPool2D{{3, 3}, {1, 1}, Padding::same()}, {swish});
  const TensorId gate = b.node("gate", Sigmoid{}, {pool});
  const TensorId tanh = b.node("tanh", Tanh{}, {hard});
  const TensorId cat = b.node("cat", Concatenation{}, {pool, hard, gate, tanh});
  const TensorId average = b.node("average", AveragePool2D{{2, 2}, {2, 2}, Padding::valid()}, {cat});
  const TensorId narrow = b.conv2d(average, 8, 1, {.activation = Activation::kRelu6, .bias = true}, "narrow");
  const TensorId dw = b.depthwise(narrow, 3, {.bias = true}, "depthwise");
  const TensorId sum = b.node("sum", Add{.activation = Activation::kRelu}, {narrow, dw});
  const TensorId difference = b.node("difference", Sub{}, {sum, dw});
  const TensorId squeeze = b.node("squeeze", Mean{.keep_dims = true}, {difference});
  const TensorId excite = b.node("excite", Mul{}, {difference, squeeze});
  const TensorId flat = b.node("flat", Reshape{{1, 72}}, {excite});
  Graph g = b.build({b.fully_connected(flat, 5, "logits")});
  fill_weights(g, seed);
  g.preprocessing = centred();
  return g;
}

TEST(LiteRtQuantized, GivesTheSameBytes) {
  if (litert::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON is not set";
  litert::Cases cases;
  for (const std::uint64_t seed : {1, 2})
    for (const bool branched : {false, true}) {
      const Graph g = branched ? branches(seed) : small_network(seed);
      const auto data = pictures(32, branched ? 12 : 16, 3);
      const Calibration c = calibrate(g, *data);
      const std::string name = (branched ? "branches " : "small ") + std::to_string(seed);
      add_pictures(cases, name + " int8", quantize_int8(g, c), *data, 0);
      add_pictures(cases, name + " uint8", quantize_int8(g, c, {.input = DType::kUInt8, .output = DType::kUInt8}),
                   *data, 0);
      add_pictures(cases, name + " float32 border",
                   quantize_int8(g, c, {.input = DType::kFloat32, .output = DType::kFloat32}), *data, 1e-6);
      add_pictures(cases, name + " float node", quantize_int8(g, c, {.float_nodes = {"logits"}}), *data, 0);
      add_pictures(cases, name + " dynamic", quantize_dynamic(g), *data, 1e-4);
      add_pictures(cases, name + " float16", quantize_float16(g), *data, 1e-4);
    }
  EXPECT_EQ(cases.differences(), "");
}

// Layers whose weights and ranges are of extreme and drawn sizes: what the arithmetic must clamp, it clamps alike.
TEST(LiteRtQuantized, GivesTheSameBytesForExtremeScales) {
  if (litert::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON is not set";
  litert::Cases cases;
  Rng rng(31);
  for (int round = 0; round < 24; ++round) {
    Graph g =
        round % 2 == 0 ? small_network(static_cast<std::uint64_t>(round)) : branches(static_cast<std::uint64_t>(round));
    const auto data = pictures(8, round % 2 == 0 ? 16 : 12, 3, static_cast<std::uint64_t>(round));
    Calibration c = calibrate(g, *data, {.estimator = RangeEstimator::kMinMax});
    for (Range& range : c.ranges) {
      const double kind = rng.uniform(), factor = std::exp(rng.uniform(-6, 6));
      range = kind < 0.1   ? Range{0, 0}
              : kind < 0.2 ? Range{0, static_cast<float>(factor)}
              : kind < 0.3 ? Range{static_cast<float>(-factor), 0}
                           : Range{range.low * static_cast<float>(factor), range.high * static_cast<float>(factor)};
    }
    add_pictures(cases, "extreme " + std::to_string(round), quantize_int8(g, c), *data, 0);
  }
  EXPECT_EQ(cases.differences(), "");
}

}  // namespace
}  // namespace Atoll
