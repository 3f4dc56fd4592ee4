// The fake-quantized forward pass against the int8 kernels, op by op and for whole networks. Both compute the
// same sums; the kernels round them twice (to a fraction 2^-k of a step, by a fixed-point multiplier, and then to a
// step), the training once, so a value that near to a tie may come out one step apart.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "atoll/builder.h"
#include "atoll/runtime.h"
#include "compress/quantize_int8.h"
#include "qat/fake_quantize_transform.h"
#include "train/networks.h"

namespace Atoll {
namespace {

constexpr int kImages = 64;

struct Difference {
  double largest = 0;  // in steps of the output
  double share = 0;    // of values that differ
  double steps = 0;    // that the int8 values span
};

// The logits that training computes beside those of the exported int8 network, dequantized.
Difference difference_of(const Graph& drawn, std::uint64_t seed) {
  Graph graph = drawn;
  graph.preprocessing = Preprocessing{};
  const auto data = std::make_shared<test::DrawnPictures>(kImages, 12, 1, 4, seed);
  qat::FakeQuantizedGraph forms = qat::split_forms(graph);
  const Calibration calibration =
      calibrate(forms.prepared, *data, {.estimator = RangeEstimator::kMinMax, .images = kImages});
  qat::add_fake_quantization(forms, calibration.ranges);
  const QuantizeOptions quantize{.softmax = false};
  qat::FakeQuantizeTransform transform(forms, quantize);
  TrainOptions options = test::quick_options();
  options.batch = kImages;
  const auto backend = make_cpu_backend(forms.training, options, &transform);
  Batch batch;
  Loader loader(data, {.h = 12, .w = 12, .c = 1, .batch = kImages});
  loader.start_epoch(0);
  EXPECT_TRUE(loader.next(batch));
  const std::vector<float> fake = backend->logits(batch, false);

  const Graph weights = backend->weights(false);
  const Graph int8 =
      quantize_prepared(qat::trained_inference(forms, weights), qat::trained_ranges(forms, weights), quantize);
  Session session(int8, {.kernels = Kernels::kReference});
  const std::size_t pixels = batch.images.size() / kImages, classes = fake.size() / kImages;
  const double step = static_cast<double>(int8.output().quantization.scale[0]);
  Difference difference;
  double low = 0, high = 0;
  for (std::size_t n = 0; n < kImages; ++n) {
    session.set_input(std::span(batch.images).subspan(n * pixels, pixels));
    session.run();
    const std::vector<float> real = session.output_values();
    for (std::size_t k = 0; k < classes; ++k) {
      const double apart = std::abs(static_cast<double>(fake[n * classes + k]) - static_cast<double>(real[k])) / step;
      difference.largest = std::max(difference.largest, apart);
      difference.share += apart > 0.5;
      low = std::min(low, real[k] / step);
      high = std::max(high, real[k] / step);
    }
  }
  difference.share /= static_cast<double>(fake.size());
  difference.steps = high - low;
  return difference;
}

// The op alone between the picture and the answer: what flattens it moves values only.
using Body = std::function<TensorId(GraphBuilder&, TensorId)>;

Graph single(const Body& body, std::uint64_t seed) {
  GraphBuilder b("single");
  TensorId y = body(b, b.input({1, 12, 12, 1}));
  y = b.node("flatten", Reshape{{1, b.shape(y).elements()}}, {y});
  return test::with_drawn_values(b.build({y}), seed);
}

struct Case {
  const char* name;
  Body body;
  double share = 0.002;  // of values that may be a step apart
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

TensorId normalized(GraphBuilder& b, TensorId x, const std::string& name) {
  return b.node(name + "/relu", Relu{}, {b.batch_norm(x, name + "/norm")});
}

const std::vector<Case> kSingle = {
    {"Conv", [](GraphBuilder& b, TensorId x) { return b.conv2d(x, 6, 3, {.bias = true}, "op"); }},
    {"ConvRelu6",
     [](GraphBuilder& b, TensorId x) {
       return b.conv2d(x, 6, 3, {.stride = 2, .activation = Activation::kRelu6, .bias = true}, "op");
     }},
    {"ConvBatchNorm", [](GraphBuilder& b, TensorId x) { return normalized(b, b.conv2d(x, 8, 3, {}, "op"), "op"); }},
    {"DepthwiseBatchNorm",
     [](GraphBuilder& b, TensorId x) {
       return normalized(b, b.depthwise(x, Size2D{5, 5}, {}, "op", 4), "op");
     }},
    {"FullyConnected",
     [](GraphBuilder& b, TensorId x) {
       return b.fully_connected(b.node("flat", Reshape{{1, 144}}, {x}), 9, "op");
     }},
    {"AveragePool",
     [](GraphBuilder& b, TensorId x) {
       return b.node("op", AveragePool2D{.filter = {2, 2}, .stride = {2, 2}, .padding = Padding::valid()}, {x});
     }},
    {"MaxPool",
     [](GraphBuilder& b, TensorId x) {
       return b.node("op", MaxPool2D{.filter = {3, 3}, .stride = {2, 2}, .padding = Padding::same()}, {x});
     }},
    {"MeanOfRows", [](GraphBuilder& b, TensorId x) { return b.node("op", Mean{.axes = {2}, .keep_dims = true}, {x}); },
     // The kernel rounds a mean of 12 to eighths of a step first, and so takes 7/16 for a half.
     0.125},
    {"ExplicitPadding",
     [](GraphBuilder& b, TensorId x) {
       return b.conv2d(x, 4, 3, {.stride = 2, .padding = Padding::symmetric(1, 1), .bias = true}, "op");
     }},
};

class SingleOp : public testing::TestWithParam<Case> {};

TEST_P(SingleOp, DiffersFromTheInt8KernelByNoMoreThanATie) {
  const Difference d = difference_of(single(GetParam().body, 3), 11);
  EXPECT_LE(d.largest, 1.01);
  EXPECT_LE(d.share, GetParam().share);
  EXPECT_GT(d.steps, 40) << "the answers hardly vary";
}
INSTANTIATE_TEST_SUITE_P(Qat, SingleOp, testing::ValuesIn(kSingle),
                         [](const auto& test) { return std::string(test.param.name); });

// Two layers and what joins them: each may be a step off where it ties.
const std::vector<Case> kJoined = {
    {"Add",
     [](GraphBuilder& b, TensorId x) {
       return b.node("op", Add{.activation = Activation::kRelu},
                     {normalized(b, b.conv2d(x, 4, 3, {}, "p"), "p"), b.conv2d(x, 4, 1, {.bias = true}, "q")});
     }},
    {"Concatenation",
     [](GraphBuilder& b, TensorId x) {
       return b.node("op", Concatenation{},
                     {b.conv2d(x, 4, 3, {.bias = true}, "p"), normalized(b, b.conv2d(x, 4, 1, {}, "q"), "q")});
     }},
    {"Gate",
     [](GraphBuilder& b, TensorId x) {
       const TensorId p = b.conv2d(x, 4, 3, {.bias = true}, "p");
       const TensorId s = b.node("squeeze", Mean{.axes = {1, 2}, .keep_dims = true}, {p});
       return b.node("op", Mul{}, {p, b.node("gate", Sigmoid{}, {b.conv2d(s, 4, 1, {.bias = true}, "q")})});
     }},
    {"LoneBatchNorm",
     [](GraphBuilder& b, TensorId x) {
       return b.batch_norm(b.node("relu", Relu{}, {b.conv2d(x, 4, 3, {.bias = true}, "p")}), "alone");
     }},
    {"HardSwish",
     [](GraphBuilder& b, TensorId x) { return b.node("op", HardSwish{}, {b.conv2d(x, 4, 3, {.bias = true}, "p")}); }},
    {"Swish",
     [](GraphBuilder& b, TensorId x) { return b.node("op", Swish{}, {b.conv2d(x, 4, 3, {.bias = true}, "p")}); }},
};

class JoinedOps : public testing::TestWithParam<Case> {};

TEST_P(JoinedOps, DifferFromTheInt8KernelsByAFewSteps) {
  const Difference d = difference_of(single(GetParam().body, 3), 11);
  EXPECT_LE(d.largest, 2.01);
  EXPECT_LE(d.share, 0.1);
  EXPECT_GT(d.steps, 40) << "the answers hardly vary";
}
INSTANTIATE_TEST_SUITE_P(Qat, JoinedOps, testing::ValuesIn(kJoined),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FakeQuantizedForward, OfAWholeNetworkStaysWithinThreeStepsOfTheInt8Network) {
  const Difference d = difference_of(test::trained_network(), 12);
  EXPECT_LE(d.largest, 3.01);
  EXPECT_GT(d.steps, 100);
}

}  // namespace
}  // namespace Atoll
