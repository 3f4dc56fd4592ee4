#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "atoll/builder.h"
#include "base/file.h"
#include "graph/dynamic_shape.h"
#include "target/edgetpu/rules/rule.h"
#include "target/kept_options.h"

namespace Atoll::edgetpu {
namespace {

using ::testing::HasSubstr;

TEST(Rules, ThePageOfOpsIsWhatTheCodeSays) {
  // After a change of the rules: atoll check --rules > docs/ops.md
  EXPECT_EQ(read_text(std::string(ATOLL_SOURCE_DIR) + "/docs/ops.md"), rules_page());
}

// One op on int8 tensors, written by hand.
class OneOp {
 public:
  TensorId tensor(const Shape& shape, DType type = DType::kInt8) {
    return graph.add_tensor({.name = "t" + std::to_string(graph.tensors.size()), .shape = shape, .dtype = type});
  }
  TensorId constant(const Shape& shape, DType type = DType::kInt8) {
    const TensorId id = tensor(shape, type);
    graph.tensor(id).constant = true;
    return id;
  }
  TensorId integers(const std::vector<std::int32_t>& values) {
    const TensorId id = constant({static_cast<std::int64_t>(values.size())}, DType::kInt32);
    graph.tensor(id).data = Data::of(values);
    return id;
  }
  OneOp& op(Op what, std::vector<TensorId> inputs, const Shape& output, DType type = DType::kInt8, int version = 1) {
    const TensorId out = tensor(output, type);
    graph.add_node(
        {.name = "op", .op = std::move(what), .inputs = std::move(inputs), .outputs = {out}, .version = version});
    return *this;
  }
  Graph graph;
};

// FULLY_CONNECTED's type of options stands for any: the rules read fields by their place.
Opaque with_numbers(const std::string& type, const std::vector<std::int32_t>& numbers) {
  return {type, 0, kept_options<std::int32_t>(8, numbers)};
}

struct Example {
  std::string rule;
  MapStatus status;
  std::string value;  // the offending one, which the reason names
  std::function<void(OneOp&)> build;
};

constexpr auto kLimit = MapStatus::kUnspecifiedLimitation;

const std::vector<Example>& examples() {
  static const Shape kMap = {1, 8, 8, 16}, kVector = {1, 16};
  static const std::vector<Example> kExamples = {
      {"data-type", MapStatus::kUnsupportedDataType, "int16",
       [](OneOp& o) { o.op(Relu{}, {o.tensor(kMap, DType::kInt16)}, kMap, DType::kInt16); }},
      {"static-shape", kLimit, "[1, -1, 8, 16]",
       [](OneOp& o) {
         o.op(Opaque{"RELU", 19, {}}, {o.tensor({1, kDynamic, 8, 16})}, {1, kDynamic, 8, 16});
       }},
      {"batch", kLimit, "batch of 4",
       [](OneOp& o) {
         o.op(Relu{}, {o.tensor({4, 8, 8, 16})}, {4, 8, 8, 16});
       }},
      {"rank", MapStatus::kUnsupportedRank, "[1, 2, 8, 8, 16]",
       [](OneOp& o) {
         o.op(Relu{}, {o.tensor({1, 2, 8, 8, 16})}, {1, 2, 8, 8, 16});
       }},
      {"op-version", MapStatus::kVersionNotSupported, "version 9",
       [](OneOp& o) { o.op(Relu{}, {o.tensor(kMap)}, kMap, DType::kInt8, 9); }},
      {"supported-op", MapStatus::kNotSupported, "HARD_SWISH",
       [](OneOp& o) { o.op(HardSwish{}, {o.tensor(kMap)}, kMap); }},
      {"dilation", kLimit, "2 in y and 1 in x",
       [](OneOp& o) {
         o.op(Conv2D{.dilation = {2, 1}}, {o.tensor(kMap), o.constant({16, 3, 3, 16})}, kMap);
       }},
      {"groups", kLimit, "4 groups",
       [](OneOp& o) {
         o.op(Conv2D{.groups = 4}, {o.tensor(kMap), o.constant({16, 3, 3, 4})}, kMap);
       }},
      {"constant-weights", kLimit, "computed",
       [](OneOp& o) {
         o.op(FullyConnected{}, {o.tensor(kVector), o.tensor({16, 16})}, kVector);
       }},
      {"weight-type", MapStatus::kUnsupportedDataType, "float32",
       [](OneOp& o) {
         o.op(FullyConnected{}, {o.tensor(kVector), o.constant({16, 16}, DType::kFloat32)}, kVector);
       }},
      {"weights-format", kLimit, "format 1",
       [](OneOp& o) {
         Opaque op = with_numbers("FULLY_CONNECTED", {0, 1});
         o.op(op, {o.tensor(kVector), o.constant({16, 16})}, kVector);
       }},
      {"one-row", kLimit, "[8, 16]",
       [](OneOp& o) {
         o.op(FullyConnected{}, {o.tensor({8, 16}), o.constant({16, 16})}, {8, 16});
       }},
      {"quantize-input", kLimit, "float32",
       [](OneOp& o) { o.op(Quantize{}, {o.tensor(kMap, DType::kFloat32)}, kMap); }},
      {"prelu-alpha", kLimit, "[1, 8, 8, 16]",
       [](OneOp& o) {
         o.op(Opaque{"PRELU", 54, {}}, {o.tensor(kMap), o.constant({1, 8, 8, 16})}, kMap);
       }},
      {"pool-activation", kLimit, "relu6",
       [](OneOp& o) { o.op(MaxPool2D{.activation = Activation::kRelu6}, {o.tensor(kMap)}, kMap); }},
      {"batch-reduction", kLimit, "axis 0",
       [](OneOp& o) { o.op(Mean{.axes = {0}, .keep_dims = true}, {o.tensor(kMap)}, kMap); }},
      {"mean-channels", kLimit, "6 channels",
       [](OneOp& o) {
         o.op(Mean{.axes = {3}, .keep_dims = true}, {o.tensor({1, 8, 8, 6})}, {1, 8, 8, 1});
       }},
      {"softmax-vector", kLimit, "[1, 8, 8, 16]", [](OneOp& o) { o.op(Softmax{}, {o.tensor(kMap)}, kMap); }},
      {"softmax-size", kLimit, "16385 elements",
       [](OneOp& o) {
         o.op(Softmax{}, {o.tensor({1, 16385})}, {1, 16385});
       }},
      {"concat-activation", kLimit, "relu",
       [](OneOp& o) {
         o.op(Concatenation{.axis = 3, .activation = Activation::kRelu}, {o.tensor(kMap), o.tensor(kMap)},
              {1, 8, 8, 32});
       }},
      {"concat-constant", kLimit, "3 inputs",
       [](OneOp& o) {
         o.op(Concatenation{.axis = 3}, {o.tensor(kMap), o.tensor(kMap), o.constant(kMap)}, {1, 8, 8, 48});
       }},
      {"pack-batch", kLimit, "axis 0",
       [](OneOp& o) {
         o.op(with_numbers("PACK", {1, 0}), {o.tensor({8, 8, 16})}, kMap);
       }},
      {"pad-batch", kLimit, "padded by 1 and 0",
       [](OneOp& o) {
         o.op(Pad{{1, 0, 0, 0}, {0, 0, 0, 0}}, {o.tensor(kMap)}, {1, 8, 8, 16});
       }},
      {"resize-rank", kLimit, "[1, 16]",
       [](OneOp& o) {
         o.op(Opaque{"RESIZE_BILINEAR", 23, {}}, {o.tensor(kVector)}, kVector);
       }},
      {"resize-size", kLimit, "[1, 128, 128, 16]",
       [](OneOp& o) {
         o.op(Opaque{"RESIZE_BILINEAR", 23, {}}, {o.tensor(kMap)}, {1, 128, 128, 16});
       }},
      {"split-batch", kLimit, "axis 0",
       [](OneOp& o) {
         o.op(Opaque{"SPLIT", 49, {}}, {o.integers({0}), o.tensor(kMap)}, kMap);
       }},
      {"squeeze-leading", kLimit, "[1, 5, 10]",
       [](OneOp& o) {
         o.op(Opaque{"SQUEEZE", 43, {}}, {o.tensor({1, 5, 1, 10})}, {1, 5, 10});
       }},
      {"slice-strides", kLimit, "a stride is 2",
       [](OneOp& o) {
         o.op(with_numbers("STRIDED_SLICE", {0, 0, 0, 0, 0}),
              {o.tensor(kMap), o.integers({0, 0, 0, 0}), o.integers({1, 8, 8, 16}), o.integers({1, 2, 2, 1})},
              {1, 4, 4, 16});
       }},
      {"slice-masks", kLimit, "ellipsis mask is 2",
       [](OneOp& o) {
         o.op(with_numbers("STRIDED_SLICE", {0, 0, 2, 0, 0}),
              {o.tensor(kMap), o.integers({0, 0, 0}), o.integers({1, 8, 16}), o.integers({1, 1, 1})}, kMap);
       }},
  };
  return kExamples;
}

TEST(Rules, EachIsBrokenByItsExampleWithTheValueTheLimitAndAFix) {
  for (const Example& example : examples()) {
    OneOp one;
    example.build(one);
    const Judgement judgement = judge(OpView(one.graph, one.graph.nodes[0], false));
    EXPECT_EQ(judgement.rule, example.rule);
    EXPECT_EQ(judgement.status, example.status) << example.rule;
    EXPECT_THAT(judgement.reason, HasSubstr(example.value)) << example.rule;
    EXPECT_FALSE(judgement.fix.empty()) << example.rule;
    if (example.rule == "supported-op") continue;  // its limit is the list of ops
    EXPECT_THAT(judgement.reason, HasSubstr("; the limit: ")) << example.rule;
  }
}

TEST(Rules, NoneIsWithoutAnExample) {
  std::set<std::string> known, shown;
  for (const auto& rules : {type_rules(), shape_rules_of_all()})
    for (const Rule& rule : rules) known.emplace(rule.name);
  for (const auto& group : all_op_rules())
    for (const OpRules& op : group)
      for (const Rule& rule : op.rules) known.emplace(rule.name);
  for (const Example& example : examples()) shown.insert(example.rule);
  shown.erase("supported-op");
  shown.erase("op-version");
  EXPECT_EQ(shown, known);
}

// The ops that the accelerator's documentation lists as supported (coral.ai, "TensorFlow models on the Edge TPU").
TEST(Rules, EveryOpOfTheDocumentationIsKnown) {
  for (const char* op : {"ADD",
                         "AVERAGE_POOL_2D",
                         "CONCATENATION",
                         "CONV_2D",
                         "DEPTHWISE_CONV_2D",
                         "EXPAND_DIMS",
                         "FULLY_CONNECTED",
                         "L2_NORMALIZATION",
                         "LOGISTIC",
                         "LSTM",
                         "MAXIMUM",
                         "MAX_POOL_2D",
                         "MEAN",
                         "MINIMUM",
                         "MUL",
                         "PACK",
                         "PAD",
                         "PRELU",
                         "QUANTIZE",
                         "REDUCE_MAX",
                         "REDUCE_MIN",
                         "RELU",
                         "RELU6",
                         "RELU_N1_TO_1",
                         "RESHAPE",
                         "RESIZE_BILINEAR",
                         "RESIZE_NEAREST_NEIGHBOR",
                         "RSQRT",
                         "SLICE",
                         "SOFTMAX",
                         "SPACE_TO_DEPTH",
                         "SPLIT",
                         "SQUEEZE",
                         "STRIDED_SLICE",
                         "SUB",
                         "SQUARED_DIFFERENCE",
                         "SUM",
                         "TANH",
                         "TRANSPOSE",
                         "TRANSPOSE_CONV"})
    EXPECT_NE(find_op_rules(op), nullptr) << op;
}

// What the compiler printed for networks that people asked about (google-coral/edgetpu on GitHub).
TEST(Rules, StatusesAreThoseOfPublishedLogs) {
  const Shape map = {1, 8, 8, 16};
  const auto status = [](OneOp& one) { return judge(OpView(one.graph, one.graph.nodes[0], false)).status; };
  OneOp argmax, dequantize, float_reshape;
  argmax.op(Opaque{"ARG_MAX", 56, {}}, {argmax.tensor(map), argmax.integers({3})}, {1, 8, 8}, DType::kInt64);
  EXPECT_EQ(status(argmax), MapStatus::kUnsupportedDataType);  // issue 409
  dequantize.op(Dequantize{}, {dequantize.tensor(map)}, map, DType::kFloat32);
  EXPECT_EQ(status(dequantize), MapStatus::kUnsupportedDataType);  // issue 490
  float_reshape.op(Reshape{{1, 1024}}, {float_reshape.tensor(map, DType::kFloat32)}, {1, 1024}, DType::kFloat32);
  EXPECT_EQ(status(float_reshape), MapStatus::kUnsupportedDataType);  // issue 708
}

}  // namespace
}  // namespace Atoll::edgetpu
