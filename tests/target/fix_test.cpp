#include "atoll/fix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "atoll/builder.h"
#include "atoll/model.h"
#include "atoll/random.h"
#include "atoll/runtime.h"
#include "atoll/target.h"
#include "format/opaque_options.h"
#include "runtime/litert.h"
#include "target/kept_options.h"

namespace Atoll {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename OpType>
std::ptrdiff_t count(const Graph& graph) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [](const Node& node) { return std::holds_alternative<OpType>(node.op); });
}

std::vector<std::byte> drawn_bytes(const Tensor& tensor, std::uint64_t seed) {
  Rng rng(seed, 0);
  std::vector<std::byte> bytes(tensor.bytes());
  if (tensor.dtype == DType::kFloat32) {
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    for (float& value : values) value = static_cast<float>(rng.normal());
    std::memcpy(bytes.data(), values.data(), bytes.size());
  } else {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.below(256));
  }
  return bytes;
}

std::vector<std::byte> run(const Graph& graph, std::span<const std::byte> input) {
  Session session(graph, {.kernels = Kernels::kReference});
  std::copy(input.begin(), input.end(), session.input().begin());
  session.run();
  const auto output = session.output();
  return {output.begin(), output.end()};
}

const std::vector<int> kToNhwc = {0, 2, 3, 1}, kToNchw = {0, 3, 1, 2};

// As a converter writes a PyTorch network op by op: NCHW between the ops, a transpose around each convolution, a
// batch norm as a product and a sum with one value per channel.
Graph nchw_network() {
  GraphBuilder b("nchw");
  TensorId x = b.input({1, 3, 8, 8});
  x = b.node("in", Transpose{kToNhwc}, {x});
  x = b.conv2d(x, 8, 3, {.bias = true}, "conv");
  x = b.node("conv/out", Transpose{kToNchw}, {x});
  x = b.node("scale", Mul{}, {x, b.constant({1, 8, 1, 1}, "gamma")});
  x = b.node("shift", Add{}, {x, b.constant({8, 1, 1}, "beta")});
  const TensorId skip = b.node("relu", Relu6{}, {x});
  x = b.node("pad", Pad{{0, 0, 1, 1}, {0, 0, 1, 1}}, {skip});
  x = b.node("dw/in", Transpose{kToNhwc}, {x});
  x = b.depthwise(x, 3, {.padding = Padding::valid(), .bias = true}, "dw");
  x = b.node("dw/out", Transpose{kToNchw}, {x});
  x = b.node("sum", Add{}, {x, skip});
  x = b.node("both", Concatenation{.axis = 1}, {x, skip});
  x = b.node("pool", Mean{.axes = {2, 3}}, {x});
  return b.build({b.fully_connected(x, 5, "fc")});
}

TEST(Fix, TransposesOfAnNchwNetworkGoAndTheResultStays) {
  for (const bool int8 : {false, true}) {
    const Graph graph = with_random_weights(nchw_network(), 3, int8);
    const Fixed fixed = fixed_for_edgetpu(graph);
    EXPECT_TRUE(fixed.exact);
    EXPECT_EQ(count<Transpose>(graph), 4);
    EXPECT_EQ(count<Transpose>(fixed.graph), 1);  // of the input, whose layout the caller knows
    EXPECT_THAT(fixed.done, Contains(HasSubstr("3 transposes went, of 4")));
    EXPECT_EQ(fixed.graph.input().shape, graph.input().shape);
    const auto input = drawn_bytes(graph.input(), 5);
    EXPECT_EQ(run(fixed.graph, input), run(graph, input)) << (int8 ? "int8" : "float");
  }
}

// Ops drawn at random, a third of them transposes: whatever goes, the output stays to the last bit.
Graph drawn_network(Rng& rng) {
  GraphBuilder b("drawn");
  std::vector<TensorId> made = {b.input({1, 4, 3, 5})};
  const auto any = [&] { return made[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(made.size())))]; };
  for (int i = 0; i < 12; ++i) {
    const std::string name = "op" + std::to_string(i);
    const TensorId x = rng.below(2) == 0 ? made.back() : any();
    switch (rng.below(9)) {
      case 0: made.push_back(b.node(name, Relu{}, {x})); break;
      case 1: made.push_back(b.node(name, Tanh{}, {x})); break;
      case 2: made.push_back(b.node(name, Pad{{0, 1, 0, 2}, {0, 0, 1, 0}}, {x})); break;
      case 3: made.push_back(b.node(name, Mean{.axes = {2}, .keep_dims = true}, {x})); break;
      case 4: made.push_back(b.node(name, Concatenation{.axis = static_cast<int>(rng.below(4))}, {x, x})); break;
      case 5: {
        const TensorId y = any();
        if (b.shape(x) == b.shape(y)) made.push_back(b.node(name, Mul{}, {x, y}));
        break;
      }
      default: {
        std::vector<int> p = {0, 1, 2, 3};
        for (std::size_t j = 1; j < p.size(); ++j)
          std::swap(p[j], p[1 + static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(j)))]);
        made.push_back(b.node(name, Transpose{p}, {x}));
      }
    }
  }
  return b.build({made.back()});
}

TEST(Fix, NoDrawnNetworkChangesItsOutput) {
  Rng rng(11, 0);
  int fewer = 0;
  for (int i = 0; i < 300; ++i) {
    const Graph graph = drawn_network(rng);
    if (graph.nodes.empty()) continue;
    const Fixed fixed = fixed_for_edgetpu(graph);
    fewer += !fixed.done.empty();
    EXPECT_LE(count<Transpose>(fixed.graph), count<Transpose>(graph));
    ASSERT_EQ(fixed.graph.output().shape, graph.output().shape);
    EXPECT_EQ(fixed.graph.output().name, graph.output().name);
    const auto input = drawn_bytes(graph.input(), static_cast<std::uint64_t>(i));
    ASSERT_EQ(run(fixed.graph, input), run(graph, input)) << i;
  }
  EXPECT_GT(fewer, 50);
}

Graph classifier(std::int64_t batch, const Op& activation, Activation pooled = Activation::kNone) {
  GraphBuilder b("classifier");
  TensorId x = b.input({batch, 8, 8, 3});
  x = b.conv2d(x, 8, 3, {.stride = 2, .bias = true}, "conv");
  x = b.node("act", activation, {x});
  x = b.node("pool", AveragePool2D{.filter = {2, 2}, .stride = {2, 2}, .activation = pooled}, {x});
  x = b.node("flat", Reshape{{batch, 32}}, {x});
  return b.build({b.fully_connected(x, 5, "fc")});
}

TEST(Fix, ABatchOfFourBecomesOneWithTheSameAnswers) {
  const Graph graph = with_random_weights(classifier(4, Relu6{}), 1, true);
  ASSERT_FALSE(open_target("edgetpu-usb3")->check(graph).fully_mapped());
  const Fixed fixed = fixed_for_edgetpu(graph);
  EXPECT_TRUE(open_target("edgetpu-usb3")->check(fixed.graph).fully_mapped());
  EXPECT_EQ(fixed.graph.input().shape, (Shape{1, 8, 8, 3}));
  const auto four = drawn_bytes(graph.input(), 2), answers = run(graph, four);
  std::vector<std::byte> one_by_one;
  for (std::size_t i = 0; i < 4; ++i)
    for (const std::byte byte : run(fixed.graph, std::span(four).subspan(i * four.size() / 4, four.size() / 4)))
      one_by_one.push_back(byte);
  EXPECT_EQ(one_by_one, answers);
}

TEST(Fix, AFusedActivationBecomesAnOpWithTheSameIntegers) {
  for (const Activation activation : {Activation::kRelu, Activation::kRelu6}) {
    const Graph graph = with_random_weights(classifier(1, Relu6{}, activation), 1, true);
    ASSERT_FALSE(open_target("edgetpu-usb3")->check(graph).fully_mapped());
    const Fixed fixed = fixed_for_edgetpu(graph);
    EXPECT_TRUE(fixed.exact);
    EXPECT_TRUE(open_target("edgetpu-usb3")->check(fixed.graph).fully_mapped());
    const auto input = drawn_bytes(graph.input(), 9);
    EXPECT_EQ(run(fixed.graph, input), run(graph, input));
  }
}

TEST(Fix, ActivationsChangeOnlyOnRequest) {
  const Graph hard = with_random_weights(classifier(1, HardSwish{}), 1, true);
  EXPECT_THAT(fixed_for_edgetpu(hard).done, IsEmpty());
  const Fixed fixed = fixed_for_edgetpu(hard, {.activations = Activation::kRelu6});
  EXPECT_FALSE(fixed.exact);
  EXPECT_TRUE(open_target("edgetpu-usb3")->check(fixed.graph).fully_mapped());
  EXPECT_EQ(count<Relu6>(fixed.graph), 1);

  const Graph silu = lower_to_tflite_ops(with_random_weights(classifier(1, Swish{}), 1));
  ASSERT_EQ(count<Sigmoid>(silu), 1);
  const Graph relu = fixed_for_edgetpu(silu, {.activations = Activation::kRelu}).graph;
  EXPECT_EQ(count<Sigmoid>(relu) + count<Mul>(relu), 0);
  EXPECT_EQ(count<Relu>(relu), 1);
}

TEST(Fix, LeavesANetworkThatMapsAlone) {
  const Graph graph = with_random_weights(classifier(1, Relu6{}), 1, true);
  const Fixed fixed = fixed_for_edgetpu(graph);
  EXPECT_THAT(fixed.done, IsEmpty());
  EXPECT_THAT(fixed.left, IsEmpty());
  EXPECT_EQ(write_tflite(fixed.graph), write_tflite(graph));
}

// ArgMaxOptions (40 in TFLite's union) with the type INT64 (4) in its one field.
std::vector<std::uint8_t> int64_indices() { return kept_options<std::int8_t>(40, {4}); }
constexpr std::int32_t kArgMax = 56;

Graph with_index_output(Graph graph) {
  const TensorId axis = graph.add_tensor({.name = "axis",
                                          .shape = {},
                                          .dtype = DType::kInt32,
                                          .constant = true,
                                          .data = Data::of(std::vector<std::int32_t>{1})});
  const TensorId index = graph.add_tensor({.name = "index", .shape = {1}, .dtype = DType::kInt64});
  graph.add_node({.name = "argmax",
                  .op = Opaque{"ARG_MAX", kArgMax, int64_indices()},
                  .inputs = {graph.outputs[0], axis},
                  .outputs = {index}});
  graph.outputs = {index};
  return graph;
}

TEST(Fix, IndicesBecomeInt32AndStayWhatTheyWere) {
  const Graph logits = with_random_weights(classifier(1, Relu6{}), 1, true);
  const Graph graph = with_index_output(logits);
  const Fixed fixed = fixed_for_edgetpu(graph);
  EXPECT_TRUE(fixed.exact);
  EXPECT_EQ(fixed.graph.output().dtype, DType::kInt32);
  constexpr std::int64_t kTfliteInt32 = 2;
  EXPECT_EQ(opaque_options::number(std::get<Opaque>(fixed.graph.nodes.back().op), 0, 1, -1), kTfliteInt32);

  if (litert::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON is not set: LiteRT has not run the two files";
  litert::Cases cases;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto input = drawn_bytes(graph.input(), seed), scores = run(logits, input);
    const auto* first = reinterpret_cast<const std::int8_t*>(scores.data());
    const std::int64_t best = std::max_element(first, first + scores.size()) - first;
    const Data wide = Data::of(std::vector<std::int64_t>{best}),
               narrow = Data::of(std::vector<std::int32_t>{static_cast<std::int32_t>(best)});
    const auto bytes = [](const Data& data) {
      return std::vector<std::byte>(data.bytes().begin(), data.bytes().end());
    };
    cases.add("before", write_tflite(graph), graph, {input}, {bytes(wide)}, 0);
    cases.add("after", write_tflite(fixed.graph), fixed.graph, {input}, {bytes(narrow)}, 0);
  }
  EXPECT_EQ(cases.differences(), "");
}

TEST(Fix, AnOpThatAtollDoesNotRunKeepsItsOptionsThroughAFile) {
  const Graph graph = with_index_output(with_random_weights(classifier(1, Relu6{}), 1, true));
  const std::vector<std::byte> file = write_tflite(graph);
  const Graph again = read_tflite(file, "again");
  const auto& op = std::get<Opaque>(again.nodes.back().op);
  EXPECT_EQ(op.type, "ARG_MAX");
  constexpr std::int64_t kTfliteInt64 = 4;
  EXPECT_EQ(opaque_options::number(op, 0, 1, -1), kTfliteInt64);
  EXPECT_EQ(write_tflite(again), file);
}

TEST(OpaqueOptions, AreNotReadFromBytesThatAreNoTable) {
  constexpr std::int64_t kTfliteInt64 = 4;
  const std::vector<std::uint8_t> whole = int64_indices();
  Opaque op{"ARG_MAX", kArgMax, whole};
  EXPECT_EQ(opaque_options::number(op, 0, 1, -1), kTfliteInt64);
  EXPECT_EQ(opaque_options::number(op, 1, 1, -1), -1);  // a field that the table does not have
  for (std::size_t size = 0; size < whole.size(); ++size) {
    op.options.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(opaque_options::number(op, 0, 4, -1), -1) << size;
    EXPECT_FALSE(opaque_options::set_byte(op, 3, 1)) << size;
  }
}

}  // namespace
}  // namespace Atoll
