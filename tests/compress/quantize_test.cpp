#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "atoll/model.h"
#include "fixtures.h"

namespace Atoll {
namespace {

using namespace fixtures;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Graph int8_of(const Graph& graph, const Dataset& data, const QuantizeOptions& options = {}) {
  return quantize_int8(graph, calibrate(graph, data, {.estimator = RangeEstimator::kMinMax, .images = 32}), options);
}

// Signal to quantization noise of the logits, in dB.
double sqnr_db(const Graph& real, const Graph& quantized, const Dataset& data, std::int64_t images) {
  Session a(real, {.kernels = Kernels::kReference}), b(quantized, {.kernels = Kernels::kReference});
  double signal = 0, noise = 0;
  for (std::int64_t i = 0; i < images; ++i) {
    const std::vector<float> x = run_on(a, data, i), y = run_on(b, data, i);
    for (std::size_t k = 0; k < x.size(); ++k) {
      signal += x[k] * x[k];
      noise += (x[k] - y[k]) * (x[k] - y[k]);
    }
  }
  return 10 * std::log10(signal / noise);
}

TEST(QuantizeInt8, FollowsTheFloatNetwork) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Graph g = small_network(seed);
    const auto data = pictures(32, 16, 3);
    const Graph q = int8_of(g, *data, {.softmax = false});
    EXPECT_EQ(scheme_of(q), "int8");
    // An 8-bit tensor that fills its range has about 40 dB; nine layers, each adding its own noise, lose 10.
    EXPECT_GT(sqnr_db(g, q, *data, 16), 25);
  }
}

TEST(QuantizeInt8, OneLayerByHand) {
  GraphBuilder b("hand");
  TensorId x = b.input({1, 1, 2, 1});
  x = b.conv2d(x, 2, 1, {.activation = Activation::kRelu, .bias = true}, "c");
  Graph g = b.build({x});
  g.tensor(g.nodes[0].inputs[1]).data = Data::of(std::vector<float>{1.27f, -0.254f});
  g.tensor(g.nodes[0].inputs[2]).data = Data::of(std::vector<float>{0.5f, 0.0f});
  g.preprocessing = Preprocessing{.mean = {0.0f}, .std = {255.0f}};  // input 0..1: scale 1/255, zero point -128
  Calibration c;
  c.ranges.resize(g.tensors.size());
  c.ranges[static_cast<std::size_t>(x)] = {0, 2.55f};
  const Graph q = quantize_int8(g, c);
  EXPECT_FLOAT_EQ(q.input().quantization.scale[0], 1.0f / 255);
  EXPECT_EQ(q.input().quantization.zero_point[0], -128);
  EXPECT_FLOAT_EQ(q.output().quantization.scale[0], 0.01f);
  EXPECT_EQ(q.output().quantization.zero_point[0], -128);
  const Tensor& weights = q.tensor(q.nodes[0].inputs[1]);
  EXPECT_FLOAT_EQ(weights.quantization.scale[0], 0.01f);
  EXPECT_FLOAT_EQ(weights.quantization.scale[1], 0.002f);
  EXPECT_EQ(weights.quantization.axis, 0);
  EXPECT_THAT(weights.data.as<std::int8_t>(), ElementsAre(127, -127));
  const Tensor& bias = q.tensor(q.nodes[0].inputs[2]);
  EXPECT_EQ(bias.dtype, DType::kInt32);
  // 0.5 / (1/255 * 0.01) = 12750
  EXPECT_THAT(bias.data.as<std::int32_t>(), ElementsAre(12750, 0));
}

TEST(QuantizeInt8, ChannelAxesAndPerTensorLayersFollowTheSpecification) {
  const Graph g = small_network();
  const auto data = pictures(8, 16, 3);
  const Graph q = int8_of(g, *data);
  EXPECT_EQ(q.tensor(node_named(q, "expand1").inputs[1]).quantization.scale.size(), 24u);
  EXPECT_EQ(q.tensor(node_named(q, "depthwise2").inputs[1]).quantization.axis, 3);
  EXPECT_EQ(q.tensor(node_named(q, "logits").inputs[1]).quantization.scale.size(), 1u);
  EXPECT_EQ(std::get<Softmax>(q.nodes.back().op).beta, 1);
  EXPECT_EQ(q.output().quantization, (Quantization{{1.0f / 256}, {-128}, 0}));
  const Graph rows = int8_of(g, *data, {.per_channel_fully_connected = true});
  EXPECT_EQ(rows.tensor(node_named(rows, "logits").inputs[1]).quantization.scale.size(), 10u);
  for (const Tensor& tensor : q.tensors) {
    EXPECT_NE(tensor.dtype, DType::kFloat32) << tensor.name;
    if (!tensor.constant || tensor.dtype != DType::kInt8) continue;
    EXPECT_THAT(tensor.data.as<std::int8_t>(), ::testing::Each(::testing::Ge(-127)));
  }
}

TEST(QuantizeInt8, TensorsThatMustShareParametersDo) {
  GraphBuilder b("sharing");
  const TensorId x = b.input({1, 8, 8, 3});
  const TensorId a = b.conv2d(x, 4, 3, {.activation = Activation::kRelu, .bias = true}, "a");
  const TensorId m = b.node("max", MaxPool2D{{2, 2}, {2, 2}, Padding::same()}, {a});
  const TensorId p = b.node("pad", Pad{{0, 1, 1, 0}, {0, 1, 1, 0}}, {m});
  const TensorId c = b.conv2d(p, 4, 3, {.padding = Padding::valid(), .bias = true}, "c");
  const TensorId cat = b.node("cat", Concatenation{}, {m, c});
  const TensorId avg = b.node("avg", AveragePool2D{{4, 4}, {4, 4}, Padding::valid()}, {cat});
  const TensorId flat = b.node("flat", Reshape{{1, 8}}, {avg});
  Graph g = b.build({b.fully_connected(flat, 3, "fc")});
  fill_weights(g, 4);
  Tensor& small = g.tensor(node_named(g, "c").inputs[1]);  // so that no reader is better off with a scale of its own
  std::vector<float> values(static_cast<std::size_t>(small.elements()), 0.01f);
  small.data = Data::of(values);
  g.preprocessing = centred();
  const auto data = pictures(8, 8, 3);
  const Graph q = int8_of(g, *data);
  const Quantization& shared = tensor_named(q, "cat").quantization;
  for (const char* name : {"max", "pad", "avg", "flat"}) EXPECT_EQ(tensor_named(q, name).quantization, shared) << name;
  EXPECT_EQ(tensor_named(q, "a").quantization, shared);
  EXPECT_GT(sqnr_db(g, int8_of(g, *data, {.softmax = false}), *data, 8), 25);
}

TEST(QuantizeInt8, AFinerReaderAndAFixedScaleAreRequantizedIntoAConcatenation) {
  GraphBuilder b("requantize");
  const TensorId x = b.input({1, 4, 4, 3});
  const TensorId narrow = b.conv2d(x, 4, 1, {.bias = true}, "narrow");
  const TensorId wide = b.conv2d(narrow, 4, 1, {.bias = true}, "wide");
  const TensorId gate = b.node("gate", Sigmoid{}, {narrow});
  const TensorId cat = b.node("cat", Concatenation{}, {narrow, wide, gate});
  Graph g = b.build({b.conv2d(cat, 2, 1, {.bias = true}, "end")});
  fill_weights(g, 2);
  const TensorId id = node_named(g, "wide").inputs[1];
  std::vector<float> big(16, 0.0f);
  for (int i = 0; i < 4; ++i) big[static_cast<std::size_t>(5 * i)] = 20;
  g.tensor(id).data = Data::of(big);
  g.preprocessing = centred();
  const auto data = pictures(8, 4, 3);
  const Graph q = int8_of(g, *data);
  const Quantization& shared = tensor_named(q, "cat").quantization;
  EXPECT_EQ(tensor_named(q, "wide").quantization, shared);
  EXPECT_LT(tensor_named(q, "narrow").quantization.scale[0], shared.scale[0] / 2);
  EXPECT_EQ(tensor_named(q, "gate").quantization, (Quantization{{1.0f / 256}, {-128}, 0}));
  for (const TensorId input : node_named(q, "cat").inputs) EXPECT_EQ(q.tensor(input).quantization, shared);
  EXPECT_GT(sqnr_db(g, q, *data, 8), 25);
}

TEST(QuantizeInt8, InputAndOutputTypesAreWhatWasAskedFor) {
  const Graph g = small_network();
  const auto data = pictures(8, 16, 3);
  const Graph plain = int8_of(g, *data);
  Session a(plain, {.kernels = Kernels::kReference});
  for (const DType type : {DType::kUInt8, DType::kFloat32}) {
    const Graph q = int8_of(g, *data, {.input = type, .output = type});
    EXPECT_EQ(q.input().dtype, type);
    EXPECT_EQ(q.output().dtype, type);
    EXPECT_EQ(q.input().name, g.input().name);
    EXPECT_EQ(scheme_of(q), "int8");
    Session b(q, {.kernels = Kernels::kReference});
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(run_on(a, *data, i), run_on(b, *data, i));
  }
  EXPECT_THAT(error_of([&] { int8_of(g, *data, {.input = DType::kInt16}); }), HasSubstr("int16"));
}

TEST(QuantizeInt8, SwishHardSwishTanhAndExplicitPaddingHaveTheirForms) {
  GraphBuilder b("forms");
  TensorId x = b.input({1, 8, 8, 3});
  x = b.conv2d(x, 8, 3, {.stride = 2, .padding = Padding::symmetric(1, 1), .bias = true}, "c1");
  x = b.node("swish", Swish{}, {x});
  x = b.conv2d(x, 8, 1, {.bias = true}, "c2");
  x = b.node("hard_swish", HardSwish{}, {x});
  x = b.conv2d(x, 8, 1, {.bias = true}, "c3");
  x = b.node("tanh", Tanh{}, {x});
  x = b.node("max", MaxPool2D{{3, 3}, {1, 1}, Padding::symmetric(1, 1)}, {x});
  TensorId gate = b.node("gate", HardSigmoid{}, {x});
  x = b.node("mul", Mul{}, {x, gate});
  Graph g = b.build({b.conv2d(x, 4, 1, {.bias = true}, "c4")});
  fill_weights(g, 3);
  g.preprocessing = centred();
  const auto data = pictures(16, 8, 3);
  const Graph q = int8_of(g, *data);
  EXPECT_EQ(tensor_named(q, "tanh").quantization, (Quantization{{1.0f / 128}, {0}, 0}));
  EXPECT_GT(sqnr_db(lower_to_tflite_ops(g), q, *data, 8), 22);
}

TEST(QuantizeInt8, ANodeCanStayInFloat) {
  const Graph g = small_network();
  const auto data = pictures(8, 16, 3);
  const Graph q = int8_of(g, *data, {.softmax = false, .float_nodes = {"depthwise2", "expand1"}});
  EXPECT_EQ(q.tensor(node_named(q, "depthwise2").inputs[1]).dtype, DType::kFloat32);
  EXPECT_GT(sqnr_db(g, q, *data, 8), 25);
  EXPECT_THAT(error_of([&] { int8_of(g, *data, {.float_nodes = {"nobody"}}); }), HasSubstr("no node 'nobody'"));
}

TEST(QuantizeInt8, BetweenTwoFloatNodesNothingIsRounded) {
  const Graph g = small_network();
  const auto data = pictures(8, 16, 3);
  const auto count = [](const Graph& graph, auto kind) {
    return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                         [](const Node& node) { return std::holds_alternative<decltype(kind)>(node.op); });
  };
  const Graph q = int8_of(g, *data, {.softmax = false, .float_nodes = {"expand2", "depthwise2"}});
  EXPECT_EQ(count(q, Dequantize{}), 1) << "into expand2";
  EXPECT_EQ(count(q, Quantize{}), 1) << "out of depthwise2";
  EXPECT_EQ(q.tensor(node_named(q, "depthwise2").inputs[0]).dtype, DType::kFloat32);
  // All of it in float: only the input and the output are rounded.
  std::vector<std::string> all;
  for (const Node& node : g.nodes) all.push_back(node.name);
  const Graph nearly_real = int8_of(g, *data, {.softmax = false, .float_nodes = all});
  EXPECT_GT(sqnr_db(g, nearly_real, *data, 8), sqnr_db(g, int8_of(g, *data, {.softmax = false}), *data, 8) + 5);
}

TEST(QuantizeInt8, SaysHowItWasCalibrated) {
  const Graph g = small_network();
  const auto data = pictures(8, 16, 3);
  const Calibration c = calibrate(g, *data, {.estimator = RangeEstimator::kPercentile});
  const std::vector<std::byte> file = write_tflite(quantize_int8(g, c));
  EXPECT_EQ(read_tflite(file, "x").description,
            "int8 by 8 calibration pictures (FNV-1a " + c.hash + "), ranges by percentile");
}

TEST(QuantizeInt8, RefusesWhatHasNoIntegerForm) {
  const auto data = pictures(4, 8, 3);
  GraphBuilder b("training");
  TensorId x = b.input({1, 8, 8, 3});
  x = b.conv2d(x, 4, 3, {}, "c");
  Graph g = b.build({b.batch_norm(x, "norm")});
  g.preprocessing = centred();
  EXPECT_THAT(error_of([&] { int8_of(g, *data); }), HasSubstr("BatchNorm 'norm'"));
  const Graph small = small_network();
  Calibration c;
  EXPECT_THAT(error_of([&] { quantize_int8(small, c); }), HasSubstr("made for another network"));
  c.ranges.resize(small.tensors.size());
  c.ranges[4].high = INFINITY;
  EXPECT_THAT(error_of([&] { quantize_int8(small, c); }), HasSubstr("not finite"));
}

// Layers of drawn sizes and drawn, partly absurd, scales: dead channels, huge biases, empty ranges.
TEST(QuantizeInt8, DrawnLayersWithExtremeScalesStayClose) {
  Rng rng(11);
  for (int round = 0; round < 60; ++round) {
    GraphBuilder b("drawn");
    const int channels = 1 + static_cast<int>(rng.below(6)), out = 1 + static_cast<int>(rng.below(6));
    TensorId x = b.input({1, 4, 4, 1});
    x = b.conv2d(x, channels, 1, {.bias = true}, "first");
    const Activation activation = static_cast<Activation>(rng.below(3));
    const bool depthwise = rng.chance(0.3);
    if (depthwise)
      x = b.depthwise(x, 3, {.activation = activation, .bias = true}, "second");
    else
      x = b.conv2d(x, out, 3, {.activation = activation, .bias = true}, "second");
    Graph g = b.build({x});
    g.preprocessing = centred();
    for (const char* name : {"first", "second"}) {
      const Node& node = node_named(g, name);
      const double layer = std::exp(rng.uniform(-20, 20));
      for (const std::size_t i : {1u, 2u}) {
        Tensor& tensor = g.tensor(node.inputs[i]);
        std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
        const std::int64_t last = tensor.shape[0] == 1 ? tensor.shape.back() : tensor.shape[0];
        for (std::size_t k = 0; k < values.size(); ++k) {
          const std::int64_t channel =
              tensor.shape[0] == 1 ? static_cast<std::int64_t>(k) % last
                                   : static_cast<std::int64_t>(k) * last / static_cast<std::int64_t>(values.size());
          Rng of_channel(static_cast<std::uint64_t>(round), static_cast<std::uint64_t>(channel));
          const bool dead = of_channel.chance(0.2);
          values[k] =
              dead && i == 1 ? 0 : static_cast<float>(layer * std::exp(of_channel.uniform(-12, 0)) * rng.normal());
        }
        tensor.data = Data::of(values);
      }
    }
    const auto data = pictures(4, 4, 1, static_cast<std::uint64_t>(round));
    const Calibration c = calibrate(g, *data, {.estimator = RangeEstimator::kMinMax});
    const Graph q = quantize_int8(g, c, {.softmax = false});
    verify(q);
    Session real(g, {.kernels = Kernels::kReference}), quantized(q, {.kernels = Kernels::kReference});
    // What int8 promises: an error of a few steps of the output, and of the input's step times the weights' sum.
    const double step = q.output().quantization.scale[0];
    const Tensor& middle = tensor_named(q, "first");
    const Tensor& weights = g.tensor(node_named(g, "second").inputs[1]);
    double sum = 0;
    for (const float w : weights.data.as<float>()) sum += std::fabs(w);
    const double range_in = 255.0 * middle.quantization.scale[0];
    double largest_weight = 0;
    for (const float w : weights.data.as<float>()) largest_weight = std::max<double>(largest_weight, std::fabs(w));
    const double bound = 3 * step + 2 * middle.quantization.scale[0] * sum +
                         range_in * largest_weight / 127 * static_cast<double>(weights.elements());
    for (std::int64_t i = 0; i < 4; ++i) {
      const auto a = run_on(real, *data, i), y = run_on(quantized, *data, i);
      for (std::size_t k = 0; k < a.size(); ++k) ASSERT_LE(std::fabs(a[k] - y[k]), bound) << "round " << round;
    }
  }
}

// Ranges all above zero, all below, or empty: zero stays exact, at either end of int8, and what lies in the range
// comes out within half a step.
TEST(QuantizeInt8, DrawnRangesPutTheZeroPointAtEitherEnd) {
  Rng rng(17);
  const auto data = pictures(4, 4, 1);
  for (int round = 0; round < 40; ++round) {
    GraphBuilder b("ends");
    TensorId x = b.input({1, 4, 4, 1});
    x = b.conv2d(x, 2, 1, {.bias = true}, "c");
    Graph g = b.build({x});
    const int kind = static_cast<int>(rng.below(3));  // above, below, empty
    const auto size = static_cast<float>(std::exp(rng.uniform(-20, 20)));
    const float weight = kind == 2 ? 0 : size / 4, bias = kind == 2 ? 0 : kind == 0 ? size : -size;
    g.tensor(g.nodes[0].inputs[1]).data = Data::of(std::vector<float>{weight, -weight});
    g.tensor(g.nodes[0].inputs[2]).data = Data::of(std::vector<float>{bias, bias});
    g.preprocessing = centred();
    const Graph q = int8_of(g, *data, {.softmax = false});
    const Quantization& out = q.output().quantization;
    EXPECT_TRUE(std::isfinite(out.scale[0]) && out.scale[0] > 0);
    if (kind < 2) {
      EXPECT_EQ(out.zero_point[0], kind == 0 ? -128 : 127) << "round " << round;
    }
    Session real(g, {.kernels = Kernels::kReference}), quantized(q, {.kernels = Kernels::kReference});
    const std::vector<float> a = run_on(real, *data, 0), y = run_on(quantized, *data, 0);
    // Half a step each for the output and for the input times the weight, and the bias' own rounding.
    const double bound = 0.51 * static_cast<double>(out.scale[0]) + static_cast<double>(weight) * 0.51 / 128 +
                         static_cast<double>(weight) / 127;
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_LE(std::fabs(a[k] - y[k]), bound) << "round " << round;
  }
}

// NaN and infinity, wherever they are: refused with the name of the constant, or of the first tensor that they reach.
TEST(QuantizeInt8, DrawnNanAndInfinityAreNamedAndRefused) {
  Rng rng(23);
  const auto data = pictures(4, 16, 3);
  const float bad[] = {std::nanf(""), INFINITY, -INFINITY};
  for (int round = 0; round < 40; ++round) {
    Graph g = small_network(static_cast<std::uint64_t>(round));
    const float value = bad[rng.below(3)];
    if (rng.chance(0.2)) {  // calibration pictures that become what they should not
      g.preprocessing->mean = {value};
      EXPECT_THAT(error_of([&] { calibrate(g, *data); }), HasSubstr("preprocessing has mean"));
      continue;
    }
    std::vector<TensorId> constants;
    for (std::size_t i = 0; i < g.tensors.size(); ++i)
      if (g.tensors[i].constant && g.tensors[i].dtype == DType::kFloat32) constants.push_back(static_cast<TensorId>(i));
    Tensor& tensor = g.tensor(constants[rng.below(static_cast<std::uint32_t>(constants.size()))]);
    std::vector<float> values(tensor.data.as<float>().begin(), tensor.data.as<float>().end());
    values[rng.below(static_cast<std::uint32_t>(values.size()))] = value;
    tensor.data = Data::of(values);
    const auto named = HasSubstr("'" + tensor.name + "'");
    EXPECT_THAT(error_of([&] { calibrate(g, *data); }), named);
    EXPECT_THAT(error_of([&] { quantize_dynamic(g); }), named);
    EXPECT_THAT(error_of([&] { quantize_float16(g); }), named);
    Calibration none;
    none.ranges.resize(g.tensors.size());
    EXPECT_THAT(error_of([&] { quantize_int8(g, none); }), named);
  }
}

// A channel whose weights are all but zero and whose bias is not: what the accumulator holds stays within 28 bits, so
// that 32-bit arithmetic has room.
TEST(QuantizeInt8, NearlyDeadChannelsKeepTheirBiasSmall) {
  Graph g = small_network();
  const Node& node = node_named(g, "expand1");
  std::vector<float> weights(g.tensor(node.inputs[1]).data.as<float>().begin(),
                             g.tensor(node.inputs[1]).data.as<float>().end());
  for (std::size_t i = 0; i < weights.size() / 24; ++i) weights[i] = 1e-12f;  // of the first channel
  g.tensor(node.inputs[1]).data = Data::of(weights);
  const auto data = pictures(8, 16, 3);
  const Graph q = int8_of(g, *data, {.softmax = false});
  for (const std::int32_t bias : q.tensor(node_named(q, "expand1").inputs[2]).data.as<std::int32_t>())
    EXPECT_LE(std::abs(static_cast<std::int64_t>(bias)), (std::int64_t{1} << 28) + 1);
  EXPECT_GT(sqnr_db(g, q, *data, 8), 25);
}

TEST(QuantizeInt8, AllZeroNetworksGiveZero) {
  Graph g = small_network();
  for (Tensor& tensor : g.tensors)
    if (tensor.constant) tensor.data = Data::of(std::vector<float>(static_cast<std::size_t>(tensor.elements()), 0.0f));
  const auto data = pictures(4, 16, 3);
  const Graph q = int8_of(g, *data, {.softmax = false});
  Session session(q, {.kernels = Kernels::kReference});
  EXPECT_THAT(run_on(session, *data, 0), ::testing::Each(0.0f));
}

TEST(QuantizeDynamic, QuantizesLargeWeightsOnly) {
  const Graph g = small_network();
  const Graph q = quantize_dynamic(g);
  EXPECT_EQ(scheme_of(q), "dynamic");
  EXPECT_EQ(q.tensor(node_named(q, "expand1").inputs[1]).dtype, DType::kInt8);          // 24*3*3*8 = 1728
  EXPECT_EQ(q.tensor(node_named(q, "project2").inputs[1]).dtype, DType::kFloat32);      // 16*32 = 512
  EXPECT_EQ(q.tensor(node_named(q, "head").inputs[1]).quantization.scale.size(), 64u);  // 64*16 = 1024
  EXPECT_EQ(q.input().dtype, DType::kFloat32);
  const auto data = pictures(8, 16, 3);
  EXPECT_GT(sqnr_db(g, q, *data, 8), 25);
}

TEST(QuantizeFloat16, HalvesTheConstantsAndKeepsTheValues) {
  const Graph g = small_network();
  const Graph q = quantize_float16(g);
  EXPECT_EQ(scheme_of(q), "float16");
  EXPECT_EQ(cost_of(q).weight_bytes * 2, cost_of(g).weight_bytes);
  const auto data = pictures(8, 16, 3);
  EXPECT_GT(sqnr_db(g, q, *data, 8), 55);  // 11 significant bits
  Graph huge = g;
  const TensorId id = node_named(huge, "logits").inputs[2];
  huge.tensor(id).data = Data::of(std::vector<float>(10, 1e6f));
  EXPECT_THAT(error_of([&] { quantize_float16(huge); }), HasSubstr("'logits/bias'"));
}

}  // namespace
}  // namespace Atoll
