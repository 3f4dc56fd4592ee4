// Quantization-aware training: what it reports is what the exported file gives; it repairs what calibration
// cannot; it resumes bit for bit.
#include "atoll/qat.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "atoll/model.h"
#include "atoll/runtime.h"
#include "error_of.h"
#include "temporary_folder.h"
#include "train/networks.h"

namespace Atoll {
namespace {

QatOptions options_for(int epochs) {
  QatOptions options;
  options.calibration = {.images = 64, .threads = 2};
  options.train = test::quick_options();
  options.train.epochs = epochs;
  options.train.learning_rate = 0.02;
  options.train.freeze_bn_from = 0.5;
  return options;
}

// The trained network with a channel whose activations are 200 times larger, which the next layer's weights take back:
// the same float function, but nearly all of the activations' int8 range is spent on one channel.
Graph with_outlying_channels() {
  Graph graph = test::trained_network();
  const auto scale = [&](TensorId id, std::size_t begin, std::size_t step, std::size_t count, float factor) {
    Tensor& tensor = graph.tensor(id);
    const auto old = tensor.data.as<float>();
    std::vector<float> values(old.begin(), old.end());
    for (std::size_t i = 0; i < count; ++i) values[begin + i * step] *= factor;
    tensor.data = Data::of(values);
  };
  const auto node = [&](const std::string& name) -> const Node& {
    return *std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.name == name; });
  };
  // Channel 2 of the stem: gamma and beta times 200; the column of `fused` that reads it, divided by 200.
  scale(node("stem/norm").inputs[1], 2, 1, 1, 200);
  scale(node("stem/norm").inputs[2], 2, 1, 1, 200);
  scale(node("fused").inputs[1], 2, 8, 16 * 9, 1.0f / 200);
  return graph;
}

TEST(Qat, ReportsWhatTheExportedFileGives) {
  const auto validation = test::pictures(200, 2);
  const QatResult result = train_quantized(test::trained_network(), test::pictures(800, 1), validation, options_for(2));
  EXPECT_EQ(scheme_of(result.graph), "int8");
  const Graph file = read_tflite(write_tflite(result.graph), "exported");
  const Accuracy fast = evaluate(file, *validation, {.threads = 2});
  const Accuracy reference = evaluate(file, *validation, {.kernels = Kernels::kReference});
  EXPECT_EQ(fast.top1, result.top1);
  EXPECT_EQ(result.history.back().validation_top1, result.top1);
  EXPECT_EQ(fast.predictions, reference.predictions);
  EXPECT_GT(result.top1, 0.95);
  Session mine(result.graph), read(file);
  std::vector<float> input(144);
  for (int image = 0; image < 20; ++image) {
    preprocess(validation->image(image), *result.graph.preprocessing, 12, 12, 1, input);
    mine.set_input(input);
    read.set_input(input);
    mine.run();
    read.run();
    const auto a = mine.output(), b = read.output();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << image;
  }
}

TEST(Qat, RepairsWhatCalibrationCannot) {
  const auto data = test::pictures(800, 1), validation = test::pictures(400, 2);
  const Graph graph = with_outlying_channels();
  Graph inference = to_inference(graph);
  inference.preprocessing = Preprocessing{};
  const double real = evaluate(inference, *validation, {.threads = 2}).top1;
  EXPECT_GT(real, 0.95);
  QatOptions options = options_for(4);
  options.calibration.estimator = RangeEstimator::kMinMax;
  const QatResult result = train_quantized(graph, data, validation, options);
  EXPECT_LT(result.calibrated_top1, 0.6) << "the network is no hard case";
  EXPECT_GT(result.top1, real - 0.02);
}

TEST(Qat, FoldedNetworksCanBeTrainedToo) {
  Graph folded = to_inference(test::trained_network());
  folded.preprocessing = Preprocessing{};
  QatOptions options = options_for(1);
  options.train.learning_rate = 0.005;
  const QatResult result = train_quantized(folded, test::pictures(400, 1), test::pictures(200, 2), options);
  EXPECT_GT(result.top1, 0.9);
}

TEST(Qat, DistillsFromTheFloatModel) {
  QatOptions options = options_for(1);
  options.train.distill_weight = 0.7;
  const Graph& teacher = test::trained_network();
  const QatResult result =
      train_quantized(teacher, test::pictures(400, 1), test::pictures(200, 2), options, {.teacher = &teacher});
  EXPECT_GT(result.top1, 0.95);
}

TEST(Qat, ZeroWeightsStayZero) {
  Graph graph = test::trained_network();
  const TensorId id = graph.nodes[3].inputs[1];  // of "fused"
  const auto old = graph.tensor(id).data.as<float>();
  std::vector<float> values(old.begin(), old.end());
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] = 0;
  graph.tensor(id).data = Data::of(values);
  QatOptions options = options_for(1);
  options.train.ema_decay = 0.9;
  const QatResult result = train_quantized(graph, test::pictures(200, 1), nullptr, options);
  for (const Node& node : result.graph.nodes) {
    if (node.name != "fused") continue;
    const auto q = result.graph.tensor(node.inputs[1]).data.as<std::int8_t>();
    for (std::size_t i = 0; i < q.size(); i += 3) EXPECT_EQ(q[i], 0) << i;
    EXPECT_LT(std::count(q.begin(), q.end(), 0), std::ssize(q) / 2);
  }
}

struct Stopped {};

TEST(Qat, ResumedTrainingEndsWithTheSameFile) {
  const TemporaryFolder folder;
  const auto data = test::pictures(200, 1);
  QatOptions options = options_for(2);
  options.train.ema_decay = 0.8;
  const auto whole = write_tflite(train_quantized(test::trained_network(), data, nullptr, options).graph);
  options.train.checkpoint = folder / "checkpoint.bin";
  options.train.checkpoint_seconds = 0;
  for (const int stop_at : {1, 3, 5}) {
    int steps = 0;
    const TrainHooks hooks{.step = [&](double, double, double) {
      if (++steps == stop_at) throw Stopped{};
    }};
    EXPECT_THROW(train_quantized(test::trained_network(), data, nullptr, options, hooks), Stopped);
    options.train.resume = true;
  }
  EXPECT_EQ(whole, write_tflite(train_quantized(test::trained_network(), data, nullptr, options).graph));
}

TEST(Qat, NamesWhatIsWrong) {
  const auto data = test::pictures(64, 1);
  const auto text = [&](const Graph& graph, const QatOptions& options) {
    return error_of([&] { train_quantized(graph, data, nullptr, options); });
  };
  EXPECT_NE(text(test::small_network(), options_for(1)).find("no weights"), std::string::npos);
  QatOptions options = options_for(1);
  options.quantize.float_nodes = {"stem"};
  EXPECT_NE(text(test::trained_network(), options).find("stem"), std::string::npos);
  const Graph int8 = train_quantized(test::trained_network(), data, nullptr, options_for(1)).graph;
  EXPECT_NE(text(int8, options_for(1)).find("int8"), std::string::npos);
}

}  // namespace
}  // namespace Atoll
