// The rungs of the ladder one by one, the ladder itself, and the search for the layer that hurts.
#include "compress/rescue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "compress/output_error.h"
#include "compress/quantize_int8.h"
#include "fixtures.h"

namespace Atoll {
namespace {

using namespace fixtures;
using ::testing::HasSubstr;

std::vector<std::int64_t> first(std::int64_t n) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < n; ++i) indices.push_back(i);
  return indices;
}

// A network whose depthwise layer sees channels of very different ranges: what plain quantization is worst at.
Graph uneven_network(std::uint64_t seed = 2) {
  GraphBuilder b("uneven");
  TensorId x = b.input({1, 12, 12, 3});
  x = b.conv2d(x, 16, 3, {.stride = 2, .activation = Activation::kRelu, .bias = true}, "stem");
  x = b.depthwise(x, 3, {.activation = Activation::kRelu, .bias = true}, "depthwise");
  x = b.conv2d(x, 16, 1, {.activation = Activation::kRelu, .bias = true}, "point");
  x = b.node("pool", Mean{}, {x});
  Graph g = b.build({b.fully_connected(x, 6, "logits")});
  fill_weights(g, seed);
  // Channel c of the stem is 4^-(c mod 4) of the first, and the depthwise layer makes up for it.
  const auto scale = [](std::size_t c) { return std::pow(4.0f, static_cast<float>(c % 4)); };
  const auto change = [&](const char* node, std::size_t input, auto f) {
    Tensor& tensor = g.tensor(node_named(g, node).inputs[input]);
    std::vector<float> values(tensor.data.as<float>().begin(), tensor.data.as<float>().end());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(i, values[i]);
    tensor.data = Data::of(values);
  };
  change("stem", 1, [&](std::size_t i, float v) { return v / scale(i / 27); });
  change("stem", 2, [&](std::size_t i, float v) { return v / scale(i); });
  change("depthwise", 1, [&](std::size_t i, float v) { return v * scale(i % 16); });
  g.preprocessing = centred();
  return g;
}

TEST(Equalisation, KeepsTheFloatFunctionAndEvensOutTheChannels) {
  const Graph g = uneven_network();
  const auto data = pictures(24, 12, 3);
  const Observations before = observe(g, *data, first(16), 1);
  const std::optional<Graph> even = equalised(before);
  ASSERT_TRUE(even);
  Session a(g, {.kernels = Kernels::kReference}), b(*even, {.kernels = Kernels::kReference});
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto x = run_on(a, *data, i), y = run_on(b, *data, i);
    for (std::size_t k = 0; k < x.size(); ++k) EXPECT_NEAR(x[k], y[k], 1e-4 * (1 + std::fabs(x[k])));
  }
  const Observations after = observe(*even, *data, first(16), 1);
  const auto spread = [](const ActivationStatistics& s) {
    float low = INFINITY, high = 0;
    for (const float v : s.channel_high) {
      if (v > 0) low = std::min(low, v);
      high = std::max(high, v);
    }
    return high / low;
  };
  const auto stem = static_cast<std::size_t>(node_named(g, "stem").outputs[0]);
  EXPECT_LT(spread(after.tensors[stem]), spread(before.tensors[stem]) / 4);
  const auto error = [&](const Graph& prepared, const Observations& o) {
    const Reference reference(before.graph, *data, first(24), 1);
    return reference.score(quantize_prepared(prepared, estimate(o, RangeEstimator::kMinMax).ranges, {})).output_error;
  };
  EXPECT_LT(error(after.graph, after), error(before.graph, before));
}

TEST(Equalisation, FindsNothingAcrossRelu6OrASecondReader) {
  GraphBuilder b("none");
  TensorId x = b.input({1, 8, 8, 3});
  x = b.conv2d(x, 4, 3, {.activation = Activation::kRelu6, .bias = true}, "a");
  const TensorId y = b.conv2d(x, 4, 3, {.bias = true}, "b");
  const TensorId z = b.conv2d(y, 4, 1, {.bias = true}, "c");
  Graph g = b.build({b.node("sum", Add{}, {y, z})});
  fill_weights(g, 1);
  g.preprocessing = centred();
  EXPECT_FALSE(equalised(observe(g, *pictures(4, 8, 3), first(4), 1)));
}

// The mean over pictures, positions and channels of the squared difference of a layer's outputs.
double layer_error(const Graph& real, const Graph& changed, const Dataset& data, bool of_means) {
  Session a(real, {.kernels = Kernels::kReference}), b(changed, {.kernels = Kernels::kReference});
  std::vector<double> mean;
  double error = 0;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const auto x = run_on(a, data, i), y = run_on(b, data, i);
    mean.resize(static_cast<std::size_t>(real.output().shape.back()), 0);
    for (std::size_t k = 0; k < x.size(); ++k) {
      mean[k % mean.size()] += x[k] - y[k];
      error += (x[k] - y[k]) * (x[k] - y[k]);
    }
  }
  if (!of_means) return error;
  double sum = 0;
  for (const double m : mean) sum += m * m;
  return sum;
}

// One wide 1x1 layer with coarse weights: large outliers leave few steps for the rest.
Graph coarse_layer() {
  GraphBuilder b("coarse");
  TensorId x = b.input({1, 6, 6, 3});
  x = b.conv2d(x, 24, 3, {.padding = Padding::valid(), .activation = Activation::kRelu, .bias = true}, "first");
  x = b.conv2d(x, 8, 1, {.bias = true}, "coarse");
  Graph g = b.build({x});
  fill_weights(g, 7);
  Tensor& tensor = g.tensor(node_named(g, "coarse").inputs[1]);
  std::vector<float> values(tensor.data.as<float>().begin(), tensor.data.as<float>().end());
  for (std::size_t o = 0; o < 8; ++o) values[24 * o] = 15;
  tensor.data = Data::of(values);
  g.preprocessing = centred();
  return g;
}

// The float network with the weights that the plan rounds to.
Graph with_rounded_weights(const Plan& plan) {
  Graph g = plan.prepared;
  for (const Node& node : g.nodes) {
    if (!has_weights(node.op)) continue;
    const WeightScales scales = plan.scales.empty() ? scales_of_weights(plan.prepared, plan.ranges, {}) : plan.scales;
    const Tensor q = quantized_weights(g.tensor(node.inputs[1]), layout_of(g, node), scales.at(node.inputs[1]));
    std::vector<float> values;
    const std::size_t inner = layout_of(g, node).inner;
    for (std::size_t i = 0; i < q.data.as<std::int8_t>().size(); ++i)
      values.push_back(q.quantization.scale[i / inner] * q.data.as<std::int8_t>()[i]);
    g.tensor(node.inputs[1]).data = Data::of(values);
  }
  return g;
}

TEST(BiasCorrection, TakesBackTheShiftOfTheMean) {
  const Graph g = coarse_layer();
  const auto data = pictures(16, 6, 3);
  const Observations o = observe(g, *data, first(16), 1);
  Plan plan{o.graph, estimate(o, RangeEstimator::kMinMax).ranges, {}};
  const double before = layer_error(g, with_rounded_weights(plan), *data, true);
  Plan corrected = plan;
  corrected.prepared = with_corrected_biases(plan, o.graph, o.tensors, {});
  EXPECT_LT(layer_error(g, with_rounded_weights(corrected), *data, true), before / 4);
}

TEST(Rounding, LowersTheErrorOfTheOutput) {
  const Graph g = coarse_layer();
  const auto data = pictures(16, 6, 3);
  const Observations o = observe(g, *data, first(16), 1);
  Plan plan{o.graph, estimate(o, RangeEstimator::kMinMax).ranges, {}};
  const double before = layer_error(g, with_rounded_weights(plan), *data, false);
  reconstruct_rounding(plan, *data, first(16), {}, 0, 2);
  const Graph rounded = with_rounded_weights(plan);
  EXPECT_LT(layer_error(g, rounded, *data, false), before / 2);
  // The weights lie on the grid, so that quantizing them again changes nothing.
  const Tensor& on_grid = plan.prepared.tensor(node_named(plan.prepared, "coarse").inputs[1]);
  const Tensor& again = rounded.tensor(node_named(rounded, "coarse").inputs[1]);
  for (std::size_t i = 0; i < on_grid.data.as<float>().size(); ++i)
    EXPECT_FLOAT_EQ(on_grid.data.as<float>()[i], again.data.as<float>()[i]);
}

TEST(Rounding, IsTheSameForAnyNumberOfThreads) {
  const Graph g = uneven_network();
  const auto data = pictures(12, 12, 3);
  const Observations o = observe(g, *data, first(12), 1);
  Plan one{o.graph, estimate(o, RangeEstimator::kMse).ranges, {}}, three = one;
  reconstruct_rounding(one, *data, first(12), {}, 5, 1);
  reconstruct_rounding(three, *data, first(12), {}, 5, 3);
  for (const char* name : {"stem", "depthwise", "point", "logits"}) {
    const TensorId id = node_named(g, name).inputs[1];
    const auto a = one.prepared.tensor(id).data.as<float>(), b = three.prepared.tensor(id).data.as<float>();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin())) << name;
  }
}

TEST(Ladder, OnlyCorrectsBiasesWhenNothingIsLost) {
  const LadderResult r =
      quantize_with_ladder(small_network(), *pictures(60, 16, 3), {.images = 30}, {}, {.max_drop = 1});
  ASSERT_EQ(r.steps.size(), 2u);
  EXPECT_EQ(r.steps[0].name, "calibration");
  EXPECT_EQ(r.steps[1].name, "bias correction");
  EXPECT_TRUE(r.steps[0].kept);
  EXPECT_EQ(r.held_out_images, 30);
  EXPECT_EQ(scheme_of(r.graph), "int8");
}

TEST(Ladder, ClimbsWhileTheDropAsksAndNeverEndsWorse) {
  // No drop is small enough, so every rung is tried.
  const LadderResult r =
      quantize_with_ladder(uneven_network(), *pictures(60, 12, 3), {.estimator = RangeEstimator::kMinMax, .images = 30},
                           {}, {.max_drop = -2});
  ASSERT_EQ(r.steps.size(), 4u);
  double error = r.steps[0].output_error;
  for (const LadderStep& step : r.steps) {
    EXPECT_GE(step.expected_drop, 0);
    EXPECT_EQ(step.kept, step.name == "calibration" || step.output_error < error) << step.name;
    if (step.kept) error = step.output_error;
  }
  EXPECT_LT(error, r.steps[0].output_error);
  EXPECT_EQ(scheme_of(r.graph), "int8");
}

TEST(Ladder, SaysInTheFileWhichStepsWereKept) {
  const LadderResult r =
      quantize_with_ladder(uneven_network(), *pictures(60, 12, 3), {.estimator = RangeEstimator::kMinMax, .images = 30},
                           {}, {.max_drop = -2});
  for (const LadderStep& step : r.steps)
    EXPECT_EQ(r.graph.description.find(step.name) != std::string::npos, step.kept) << step.name;
  EXPECT_THAT(r.graph.description, HasSubstr(r.calibration.hash));
}

TEST(Ranges, AreChosenTensorByTensorByTheErrorOfTheOutput) {
  const Graph g = uneven_network();
  const auto data = pictures(40, 12, 3);
  const std::vector<std::int64_t> indices = calibration_indices(*data, 40, 0);
  const Observations o = observe(g, *data, indices, 1);
  const Reference reference(o.graph, *data, indices, 1);
  const auto error = [&](const Calibration& c) { return reference.score(quantize_int8(g, c)).output_error; };
  // All pictures judge, so the choice is at least as good as every estimator for all tensors.
  const Calibration chosen = calibrate(g, *data, {.images = 40, .trial_images = 40});
  for (const auto estimator : {RangeEstimator::kMinMax, RangeEstimator::kMovingAverage, RangeEstimator::kPercentile,
                               RangeEstimator::kEntropy, RangeEstimator::kMse})
    EXPECT_LE(error(chosen), error(estimate(o, estimator)) + 1e-12) << name_of(estimator);
  EXPECT_EQ(chosen.hash, o.hash);
}

TEST(Reference, TellsWhichOfTwoNetworksIsNearer) {
  const Graph g = uneven_network();
  const auto data = pictures(24, 12, 3);
  const Observations o = observe(g, *data, first(24), 1);
  const Reference reference(o.graph, *data, first(24), 2);
  const std::vector<Range> ranges = estimate(o, RangeEstimator::kMinMax).ranges;
  std::vector<Range> clipped = ranges;  // so that little is left of every activation
  for (Range& range : clipped) range = {range.low / 20, range.high / 20};
  const Graph near = quantize_prepared(o.graph, ranges, {}), far = quantize_prepared(o.graph, clipped, {});
  ASSERT_LT(reference.score(near).output_error, reference.score(far).output_error);
  std::vector<double> leader;
  EXPECT_TRUE(reference.beats(far, leader, 1, 2));  // the first leads
  EXPECT_TRUE(reference.beats(near, leader, 1, 2));
  const std::vector<double> best = leader;
  EXPECT_NEAR(std::accumulate(best.begin(), best.end(), 0.0) / 24, reference.score(near).output_error, 1e-12);
  EXPECT_FALSE(reference.beats(far, leader, 1, 2));
  EXPECT_FALSE(reference.beats(near, leader, 1, 2));  // as good is not better
  EXPECT_EQ(leader, best);
}

TEST(Ladder, RefusesTooFewPictures) {
  EXPECT_THAT(error_of([] { quantize_with_ladder(small_network(), *pictures(2, 16, 3)); }), HasSubstr("at least 3"));
}

TEST(DebugQuantization, NamesTheLayerThatHurts) {
  const Graph g = small_network();
  const auto data = pictures(24, 16, 3);
  Calibration c = calibrate(g, *data, {.estimator = RangeEstimator::kMinMax, .images = 24});
  const QuantizationDamage good = debug_quantization(g, quantize_int8(g, c), *data, {.images = 12});
  EXPECT_EQ(good.first_hurt, -1);
  EXPECT_EQ(good.images, 12);
  // One layer gets a range of a twentieth of what it needs.
  Range& range = c.ranges[static_cast<std::size_t>(node_named(g, "project2").outputs[0])];
  range = {range.low / 20, range.high / 20};
  const QuantizationDamage bad = debug_quantization(
      g, quantize_int8(g, c, {.input = DType::kUInt8, .output = DType::kUInt8}), *data, {.images = 12});
  ASSERT_GE(bad.first_hurt, 0);
  const LayerDamage& layer = bad.layers[static_cast<std::size_t>(bad.first_hurt)];
  EXPECT_EQ(layer.name, "project2");
  EXPECT_GT(layer.saturated, 0.1);
  EXPECT_GT(bad.output_error, good.output_error);
  EXPECT_GE(layer.error_left_in_float, 0);
  EXPECT_LT(layer.error_left_in_float, bad.output_error) << "its range is what hurts, and in float it has none";
  EXPECT_THAT(layer.float_nodes, ::testing::ElementsAre("project2", "head"));
  EXPECT_GE(layer.top1_left_in_float, 0);
}

TEST(DebugQuantization, MatchesLayersByTheirOrderWhereNamesDiffer) {
  const Graph g = small_network();
  const auto data = pictures(24, 16, 3);
  const Graph q = quantize_int8(g, calibrate(g, *data, {.estimator = RangeEstimator::kMinMax, .images = 24}));
  Graph renamed = q;
  for (std::size_t i = 0; i < renamed.tensors.size(); ++i) renamed.tensors[i].name = "t" + std::to_string(i);
  const QuantizationDamage a = debug_quantization(g, q, *data, {.images = 12, .float_trials = 1}),
                           b = debug_quantization(g, renamed, *data, {.images = 12, .float_trials = 1});
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].op, b.layers[i].op);
    EXPECT_EQ(a.layers[i].sqnr_db, b.layers[i].sqnr_db);
    EXPECT_EQ(a.layers[i].error_left_in_float, b.layers[i].error_left_in_float);
  }
  EXPECT_THAT(error_of([&] { debug_quantization(uneven_network(), renamed, *data); }), HasSubstr("no layer in common"));
}

TEST(QuantizationPage, ShowsLadderCalibrationAndLayers) {
  const Graph g = small_network();
  const auto data = pictures(60, 16, 3);
  const LadderResult r = quantize_with_ladder(g, *data, {.estimator = RangeEstimator::kMse, .images = 30});
  const QuantizationDamage damage = debug_quantization(r.real, r.graph, *data, {.images = 8, .float_trials = 1});
  const std::string page = quantization_page(
      {.model = "small", .facts = {}, .calibration = r.calibration, .steps = r.steps, .damage = damage});
  for (const std::string& text : {r.calibration.hash, std::string("depthwise2"), std::string("The ladder"),
                                  std::string("Signal to quantization noise")})
    EXPECT_THAT(page, HasSubstr(text));
  EXPECT_THAT(quantization_page({.model = "small", .facts = {}, .calibration = {}, .steps = {}, .damage = damage}),
              ::testing::Not(HasSubstr("The ladder")));
}

TEST(Dequantized, StandsForTheSameNetwork) {
  const Graph g = small_network();
  const auto data = pictures(16, 16, 3);
  const Graph q = quantize_int8(g, calibrate(g, *data), {.input = DType::kUInt8, .output = DType::kFloat32});
  const Graph back = dequantized(q);
  EXPECT_EQ(scheme_of(back), "float32");
  Session a(q, {.kernels = Kernels::kReference}), b(back, {.kernels = Kernels::kReference});
  const auto x = run_on(a, *data, 1), y = run_on(b, *data, 1);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 0.1);
  EXPECT_EQ(debug_quantization(back, q, *data, {.images = 4, .float_trials = 0}).first_hurt, -1);
}

}  // namespace
}  // namespace Atoll
