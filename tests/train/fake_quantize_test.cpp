// Fake quantization: the kernel against its plain twin and values by hand, and its gradient straight through.
#include "kernels/training/fake_quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "atoll/builder.h"
#include "atoll/random.h"
#include "train/cpu/backend.h"

namespace Atoll {
namespace {

using training::FakeQuantization;

TEST(FakeQuantize, GivesTheValuesOfTheFormulaByHand) {
  const FakeQuantization to{.scale = 0.5f, .zero_point = -128};  // 0 .. 127.5
  const std::vector<float> x = {0, 0.2f, 0.25f, 0.7f, 0.75f, -3, 127.4f, 127.5f, 400};
  std::vector<float> y(x.size());
  training::fake_quantize(to, std::ssize(x), x.data(), y.data());
  EXPECT_EQ(y, (std::vector<float>{0, 0, 0.5f, 0.5f, 1, 0, 127.5f, 127.5f, 127.5f}));  // ties away from zero
  std::vector<float> by_q(x.size());
  // q = -127.5 and -126.5 are the ties of 0.25 and 0.75; away from zero is down here.
  training::fake_quantize({.scale = 0.5f, .zero_point = -128, .ties_by_q = true}, std::ssize(x), x.data(), by_q.data());
  EXPECT_EQ(by_q, (std::vector<float>{0, 0, 0, 0.5f, 0.5f, 0, 127.5f, 127.5f, 127.5f}));
}

TEST(FakeQuantize, EqualsItsPlainTwinAndPassesGradientsInside) {
  Rng rng(1);
  for (int draw = 0; draw < 100; ++draw) {
    const FakeQuantization to{.scale = static_cast<float>(rng.uniform(0.001, 2)),
                              .zero_point = static_cast<std::int32_t>(rng.below(256)) - 128,
                              .ties_by_q = rng.chance(0.5)};
    std::vector<float> x(static_cast<std::size_t>(1 + rng.below(70))), gy(x.size()), y(x.size()), gx(x.size());
    for (float& value : x) value = static_cast<float>(rng.uniform(-300, 300)) * to.scale;
    for (float& value : gy) value = static_cast<float>(rng.normal());
    training::fake_quantize(to, std::ssize(x), x.data(), y.data());
    training::fake_quantize_gradient(to, std::ssize(x), x.data(), gy.data(), gx.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(y[i], training::reference::fake_quantized(to, x[i])) << x[i] << " with scale " << to.scale;
      EXPECT_EQ(gx[i], training::reference::is_clamped(to, x[i]) ? 0 : gy[i]);
    }
    const training::Extremes found = training::extremes(std::ssize(x), x.data());
    EXPECT_EQ(found.low, std::min(0.0f, *std::min_element(x.begin(), x.end())));
    EXPECT_EQ(found.high, std::max(0.0f, *std::max_element(x.begin(), x.end())));
  }
}

// Away from the ends of the range the straight-through gradient is that of the clamp, by finite differences.
TEST(FakeQuantize, GradientIsTheSlopeOfTheClamp) {
  const FakeQuantization to{.scale = 0.1f, .zero_point = 10};  // -13.8 .. 11.7
  const double low = -13.8, high = 11.7, h = 1e-3;
  for (double x = -15; x < 13; x += 0.37) {
    if (std::abs(x - low) < 0.1 || std::abs(x - high) < 0.1) continue;
    const double slope = (std::clamp(x + h, low, high) - std::clamp(x - h, low, high)) / (2 * h);
    const float at = static_cast<float>(x), one = 1;
    float gradient = 0;
    training::fake_quantize_gradient(to, 1, &at, &one, &gradient);
    EXPECT_NEAR(gradient, slope, 1e-9) << x;
  }
}

constexpr int kBatch = 4, kClasses = 3;

// `fake`: with a fake quantization of the middle activation to multiples of 1/64, from -1 to 63/64 or so.
Graph network(bool fake, float scale, Rng& rng) {
  GraphBuilder b("probe");
  const TensorId x = b.input({1, 4, 4, 2});
  TensorId y = b.conv2d(x, 4, 1, {}, "conv");
  if (fake) {
    const TensorId state = b.constant({4}, "state", DType::kFloat32, Data::of(std::vector<float>{-1, 1, scale, 0}));
    y = b.node("fake", Quantize{}, {y, state});
  }
  Graph graph = b.build({b.fully_connected(b.node("pool", Mean{}, {b.node("tanh", Tanh{}, {y})}), kClasses, "logits")});
  graph = initialize(graph, rng);
  // Weights are small multiples of 1/8: with pixels that are too, every sum is a multiple of 1/64, and none is 0.
  std::vector<float> weights(8);
  for (float& weight : weights) weight = static_cast<float>(1 + rng.below(3)) / 8;
  graph.tensor(graph.nodes[0].inputs[1]).data = Data::of(weights);
  return graph;
}

std::vector<float> conv_gradient(const Graph& graph, const Batch& batch) {
  TrainOptions options;
  options.batch = kBatch;
  options.threads = 1;
  options.weight_decay = 0;
  training::cpu::CpuBackend backend(graph, options);
  backend.step(batch, {.learning_rate = 0, .freeze_bn = true});
  const auto gradient = backend.gradient(graph.nodes[0].inputs[1], 0);
  return {gradient.begin(), gradient.end()};
}

// Where rounding changes no value, the network's gradients are those of the network without it, which
// gradients_test.cpp holds against finite differences; where everything is clamped, there are none.
TEST(FakeQuantize, NetworkGradientsAreThoseWithoutItWhereItChangesNothing) {
  Rng rng(3);
  Batch batch{.size = kBatch};
  for (int i = 0; i < kBatch * 4 * 4 * 2; ++i) batch.images.push_back(static_cast<float>(1 + rng.below(4)) / 8);
  for (int i = 0; i < kBatch; ++i) batch.labels.push_back(i % kClasses);
  Rng first(9), second(9), third(9);
  const auto plain = conv_gradient(network(false, 0, first), batch);
  const auto fake = conv_gradient(network(true, 1.0f / 64, second), batch);
  const auto clamped = conv_gradient(network(true, 1e-6f, third), batch);
  double largest = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(plain[i], fake[i]) << i;
    EXPECT_EQ(clamped[i], 0) << i;
    largest = std::max(largest, std::abs(static_cast<double>(plain[i])));
  }
  EXPECT_GT(largest, 1e-3);
}

TEST(FakeQuantize, RangesFollowTheBatchUntilFrozen) {
  Rng rng(3);
  const Graph graph = network(true, 1.0f / 64, rng);
  TrainOptions options;
  options.batch = kBatch;
  options.threads = 2;
  options.bn_momentum = 0.5;
  training::cpu::CpuBackend backend(graph, options);
  Batch batch{.size = kBatch, .images = std::vector<float>(kBatch * 32, 1.0f), .labels = {0, 1, 2, 0}};
  const auto weights = graph.tensor(graph.nodes[0].inputs[1]).data.as<float>();
  float low = 0, high = 0;  // of the convolution's output, 0 included, for pixels of 1
  for (std::size_t c = 0; c < 4; ++c) {
    low = std::min(low, weights[2 * c] + weights[2 * c + 1]);
    high = std::max(high, weights[2 * c] + weights[2 * c + 1]);
  }
  const auto state = [&] {
    const Graph now = backend.weights(false);
    const auto values = now.tensor(now.nodes[1].inputs[1]).data.as<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  backend.step(batch, {.learning_rate = 0, .freeze_bn = true});
  EXPECT_EQ(state(), (std::vector<float>{-1, 1, 1.0f / 64, 0}));
  backend.step(batch, {.learning_rate = 0});
  EXPECT_EQ(state(), (std::vector<float>{0.5f * -1 + 0.5f * low, 0.5f * 1 + 0.5f * high, 1.0f / 64, 0}));
}

}  // namespace
}  // namespace Atoll
