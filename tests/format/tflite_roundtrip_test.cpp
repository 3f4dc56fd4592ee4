#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "atoll/builder.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "format/networks.h"
#include "format/tflite_generated.h"

namespace Atoll {
namespace {

using format_test::fingerprint;
using ::testing::HasSubstr;

Graph reread(const Graph& graph) { return read_tflite(write_tflite(graph), "again"); }

TEST(TfliteRoundTrip, EveryOpComesBackAsItWas) {
  const Graph graph = format_test::every_op();
  EXPECT_EQ(fingerprint(reread(graph)), fingerprint(graph));
}

TEST(TfliteRoundTrip, EverySchemeComesBackAsItWas) {
  for (const Graph& graph : {format_test::classifier(), format_test::quantized_classifier(DType::kInt8),
                             format_test::quantized_classifier(DType::kUInt8), format_test::dynamic_classifier(),
                             format_test::float16_classifier()})
    EXPECT_EQ(fingerprint(reread(graph)), fingerprint(graph)) << graph.name;
}

TEST(TfliteRoundTrip, KeepsTheScheme) {
  EXPECT_EQ(scheme_of(reread(format_test::classifier())), "float32");
  EXPECT_EQ(scheme_of(reread(format_test::quantized_classifier(DType::kInt8))), "int8");
  EXPECT_EQ(scheme_of(reread(format_test::quantized_classifier(DType::kUInt8))), "uint8");
  EXPECT_EQ(scheme_of(reread(format_test::dynamic_classifier())), "dynamic");
  EXPECT_EQ(scheme_of(reread(format_test::float16_classifier())), "float16");
}

TEST(TfliteRoundTrip, ScalarsAndUnusualRanksSurvive) {
  GraphBuilder b("ranks");
  const TensorId x = b.input({2, 3, 4, 5, 6});
  const TensorId y = b.node("sum", Add{}, {x, b.constant({}, "one", DType::kFloat32, Data::of(std::vector<float>{1}))});
  const Graph graph = b.build({b.node("mean", Mean{.axes = {0, 4}}, {y})});
  EXPECT_EQ(fingerprint(reread(graph)), fingerprint(graph));
}

TEST(TfliteWriter, GivesTheSameBytesTwice) {
  const Graph graph = format_test::every_op();
  EXPECT_EQ(write_tflite(graph), write_tflite(graph));
  EXPECT_EQ(write_tflite(reread(graph)), write_tflite(graph));
}

TEST(TfliteWriter, LowersWhatTheFormatCannotSay) {
  GraphBuilder b("symmetric");
  TensorId x = b.input({1, 8, 8, 2});
  x = b.conv2d(x, 2, 3, {.stride = 2, .padding = Padding::symmetric(1, 1), .bias = true}, "conv");
  x = b.node("swish", Swish{}, {x});
  Graph graph = b.build({x});
  format_test::fill_constants(graph, 1);
  const Graph again = reread(graph);
  ASSERT_EQ(again.nodes.size(), 4u);  // PAD + CONV_2D, LOGISTIC + MUL
  const Pad& pad = std::get<Pad>(again.nodes[0].op);
  EXPECT_THAT(pad.before, ::testing::ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(pad.after, ::testing::ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(std::get<Conv2D>(again.nodes[1].op).padding, Padding::valid());
  EXPECT_TRUE(std::holds_alternative<Sigmoid>(again.nodes[2].op));
  EXPECT_TRUE(std::holds_alternative<Mul>(again.nodes[3].op));
  EXPECT_EQ(again.output().shape, graph.output().shape);
}

TEST(TfliteWriter, PadsIntegersBeforeAMaximumWithTheirLowestValue) {
  GraphBuilder b("pool");
  const TensorId x = b.input({1, 4, 4, 1}, "images", DType::kInt8);
  b.graph().tensor(x).quantization = {.scale = {0.5f}, .zero_point = {3}};
  Graph graph = b.build(
      {b.node("pool", MaxPool2D{.filter = {3, 3}, .stride = {2, 2}, .padding = Padding::symmetric(1, 1)}, {x})});
  graph.tensor(graph.outputs[0]).quantization = graph.tensor(x).quantization;
  const Graph again = reread(graph);
  ASSERT_EQ(again.nodes.size(), 2u);
  EXPECT_EQ(std::get<Pad>(again.nodes[0].op).value, 0.5f * (-128 - 3));
}

TEST(TfliteWriter, SharesOneBufferAmongEqualConstants) {
  const auto size_with = [](std::uint64_t second_seed) {
    GraphBuilder b("twins");
    TensorId x = b.input({1, 4, 4, 64});
    x = b.conv2d(x, 64, 3, {}, "a");
    x = b.conv2d(x, 64, 3, {}, "b");
    Graph graph = b.build({x});
    Rng rng(1);
    for (const auto& [node, seed] : {std::pair(0, std::uint64_t{1}), std::pair(1, second_seed)}) {
      Rng values(seed);
      std::vector<float> weights(64 * 3 * 3 * 64);
      for (float& w : weights) w = static_cast<float>(values.uniform());
      graph.tensor(graph.nodes[static_cast<std::size_t>(node)].inputs[1]).data = Data::of(weights);
    }
    return write_tflite(graph).size();
  };
  constexpr std::size_t kWeightBytes = 64 * 3 * 3 * 64 * 4;
  EXPECT_GT(size_with(2), 2 * kWeightBytes);
  EXPECT_LT(size_with(1), kWeightBytes + 4096);
}

TEST(TfliteWriter, GivesConvolutionsTheBiasThatTfliteDemands) {
  const Graph again = reread(format_test::without_biases(DType::kInt8));
  const Node& stem = again.nodes[0];
  ASSERT_EQ(stem.inputs.size(), 3u);
  const Tensor& bias = again.tensor(stem.inputs[2]);
  EXPECT_EQ(bias.dtype, DType::kInt32);
  // Input scale 1/128 times the weights' scales 0.004, 0.008, 0.012, 0.004, ...
  EXPECT_FLOAT_EQ(bias.quantization.scale[2], 0.012f / 128);
  for (const std::int32_t value : bias.data.as<std::int32_t>()) EXPECT_EQ(value, 0);
}

TEST(TfliteWriter, AlignsWeightsTo16Bytes) {
  const Graph graph = format_test::classifier();
  const std::vector<std::byte> file = write_tflite(graph);
  for (const Tensor& tensor : graph.tensors) {
    if (!tensor.constant) continue;
    const auto bytes = tensor.data.bytes();
    const auto found = std::search(file.begin(), file.end(), bytes.begin(), bytes.end());
    ASSERT_NE(found, file.end()) << tensor.name;
    EXPECT_EQ((found - file.begin()) % 16, 0) << tensor.name;
  }
}

// TFLite's rules (its converter's op versioning): the version of each operator by type and options.
TEST(TfliteWriter, ChoosesTheVersionsThatTfliteDemands) {
  const auto versions = [](const Graph& graph) {
    std::vector<int> result;
    for (const Node& node : reread(graph).nodes) result.push_back(node.version);
    return result;
  };
  using ::testing::ElementsAre;
  // CONV_2D, DEPTHWISE_CONV_2D, CONV_2D, ADD, AVERAGE_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX
  EXPECT_THAT(versions(format_test::classifier()), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(versions(format_test::quantized_classifier(DType::kInt8)), ElementsAre(3, 3, 3, 2, 2, 1, 4, 2));
  EXPECT_THAT(versions(format_test::quantized_classifier(DType::kUInt8)), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(versions(format_test::dynamic_classifier()), ElementsAre(5, 6, 5, 1, 1, 1, 3, 1));
}

TEST(TfliteWriter, RefusesTrainingFormsAndMissingWeights) {
  GraphBuilder b("training");
  TensorId x = b.input({1, 4, 4, 2});
  x = b.batch_norm(x, "norm");
  Graph graph = b.build({x});
  EXPECT_THAT(error_of([&] { write_tflite(graph); }), HasSubstr("norm"));
  format_test::fill_constants(graph, 1);
  EXPECT_THAT(error_of([&] { write_tflite(graph); }), HasSubstr("BatchNorm 'norm' exists in training only"));
  Graph empty = format_test::classifier();
  empty.tensor(empty.nodes[0].inputs[1]).data = {};
  EXPECT_THAT(error_of([&] { write_tflite(empty); }), HasSubstr("'stem/weights' has no values yet"));
}

TEST(TfliteMetadata, CarriesPreprocessingAndLabels) {
  Graph graph = format_test::classifier();
  graph.description = "A test.";
  graph.preprocessing = Preprocessing{.mean = {123.5f, 116.25f, 103.5f},
                                      .std = {58.5f, 57.25f, 57.5f},
                                      .resize = Preprocessing::Resize::kBicubic,
                                      .crop_fraction = 0.875f};
  graph.labels = {"cat", "dog, hound", "Käse", "last one"};
  const Graph again = reread(graph);
  ASSERT_TRUE(again.preprocessing.has_value());
  EXPECT_EQ(*again.preprocessing, *graph.preprocessing);
  EXPECT_EQ(again.labels, graph.labels);
  EXPECT_EQ(again.description, "A test.");
}

TEST(TfliteMetadata, IsAbsentWhereNothingIsKnown) {
  const Graph again = reread(format_test::classifier());
  EXPECT_FALSE(again.preprocessing.has_value());
  EXPECT_TRUE(again.labels.empty());
}

TEST(TfliteReader, ReadsFromAnyAddress) {
  const std::vector<std::byte> file = write_tflite(format_test::classifier());
  for (std::size_t shift = 1; shift < 4; ++shift) {
    std::vector<std::byte> moved(shift);
    moved.insert(moved.end(), file.begin(), file.end());
    EXPECT_EQ(fingerprint(read_tflite(std::span(moved).subspan(shift), "moved")),
              fingerprint(format_test::classifier()));
  }
}

TEST(TfliteReader, KeepsCustomOpsWithTheirOptions) {
  GraphBuilder b("custom");
  const TensorId x = b.input({1, 4});
  Graph graph = b.build({x});
  const TensorId y = graph.add_tensor({.name = "y", .shape = {1, 2}});
  graph.add_node({.name = "y",
                  .op = Opaque{.type = "CUSTOM:edgetpu-custom-op", .builtin_code = 32, .options = {1, 2, 3}},
                  .inputs = {x},
                  .outputs = {y}});
  graph.outputs = {y};
  const Graph again = reread(graph);
  EXPECT_EQ(fingerprint(again), fingerprint(graph));
  EXPECT_EQ(name_of(again.nodes[0].op), "CUSTOM:edgetpu-custom-op");
}

// LEAKY_RELU (98) has one number, alpha, in options number 75, which Atoll's own schema does not know.
std::vector<std::byte> leaky_relu(std::size_t further_fields = 0) {
  flatbuffers::FlatBufferBuilder b;
  const auto start = b.StartTable();
  b.AddElement<float>(4, 0.25f);
  if (further_fields > 0) b.AddElement<float>(6, 1.0f);
  const auto options = flatbuffers::Offset<void>(b.EndTable(start));
  const std::vector<std::int32_t> shape = {1, 4}, in = {0}, out = {1};
  const std::vector<flatbuffers::Offset<tflite::Tensor>> tensors = {
      tflite::CreateTensorDirect(b, &shape, tflite::TensorType::FLOAT32, 0, "x"),
      tflite::CreateTensorDirect(b, &shape, tflite::TensorType::FLOAT32, 0, "y")};
  const std::vector<flatbuffers::Offset<tflite::Operator>> operators = {
      tflite::CreateOperatorDirect(b, 0, &in, &out, static_cast<tflite::BuiltinOptions>(75), options)};
  const std::vector<flatbuffers::Offset<tflite::SubGraph>> subgraphs = {
      tflite::CreateSubGraphDirect(b, &tensors, &in, &out, &operators)};
  const std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes = {
      tflite::CreateOperatorCode(b, 98, 0, 1, tflite::BuiltinOperator::LEAKY_RELU)};
  const std::vector<flatbuffers::Offset<tflite::Buffer>> buffers = {tflite::CreateBuffer(b)};
  tflite::FinishModelBuffer(b, tflite::CreateModelDirect(b, 3, &codes, &subgraphs, nullptr, &buffers));
  const auto* first = reinterpret_cast<const std::byte*>(b.GetBufferPointer());
  return {first, first + b.GetSize()};
}

TEST(TfliteReader, KeepsTheOptionsOfBuiltInOpsThatItDoesNotKnow) {
  const std::vector<std::byte> again = write_tflite(read_tflite(leaky_relu(), "leaky"));
  const tflite::Operator& op = *tflite::GetModel(again.data())->subgraphs()->Get(0)->operators()->Get(0);
  EXPECT_EQ(tflite::GetModel(again.data())->operator_codes()->Get(0)->builtin_code(),
            tflite::BuiltinOperator::LEAKY_RELU);
  EXPECT_EQ(static_cast<int>(op.builtin_options_type()), 75);
  const auto& options = *static_cast<const flatbuffers::Table*>(op.builtin_options());
  EXPECT_EQ(options.GetField<float>(4, 0), 0.25f);
}

TEST(TfliteWriter, RefusesAnOpWhoseOptionsAreNotAllKnown) {
  const Graph graph = read_tflite(leaky_relu(1), "leaky");
  EXPECT_EQ(error_of([&] { write_tflite(graph); }),
            "'y' is an op that Atoll can read but not write: LEAKY_RELU has options that are not known");
}

}  // namespace
}  // namespace Atoll
