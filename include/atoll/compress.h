// Compression: quantization by TFLite's 8-bit specification. Input is an inference graph with float32
// weights (`to_inference`); the output runs in TFLite with the same arithmetic.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "atoll/data.h"
#include "atoll/graph.h"

namespace Atoll {

enum class RangeEstimator { kMinMax, kMovingAverage, kPercentile, kEntropy, kMse };
std::string_view name_of(RangeEstimator estimator);     // "minmax", "average", "percentile", "entropy", "mse"
RangeEstimator range_estimator(std::string_view name);  // throws Error for another name

struct Range {
  float low = 0, high = 0;
};

// How complete the min-max ranges were after some pictures: the mean share of its final width that a tensor's
// range still lacked.
struct Convergence {
  std::int64_t images = 0;
  double missing = 0;
};

// Ranges of every activation, by tensor id of the graph they were measured on, lowered to .tflite's ops
// (which keeps the ids and adds some).
struct Calibration {
  std::vector<Range> ranges;
  std::int64_t images = 0;
  std::string hash;  // of the calibration pictures as decoded (FNV-1a, 64 bits), hexadecimal
  std::vector<Convergence> convergence;
  RangeEstimator estimator = RangeEstimator::kMse;  // of all tensors but the following
  std::vector<std::string> exceptions;              // tensors whose range was chosen otherwise: "stem: percentile"
};

struct CalibrationOptions {
  std::optional<RangeEstimator> estimator;  // absent: chosen tensor by tensor, by the measured error of the output
  std::int64_t images = 256;                // the first ones of a shuffle drawn with `seed`
  std::int64_t trial_images = 32;           // calibration pictures that judge a choice of ranges
  int max_trials = 40;                      // of choices of ranges
  std::uint64_t seed = 0;
  int threads = 0;
};

// Throws Error for a graph without preprocessing, an empty data set, or a NaN or infinity, naming the tensor.
Calibration calibrate(const Graph& graph, const Dataset& data, const CalibrationOptions& options = {});

struct QuantizeOptions {
  DType input = DType::kInt8, output = DType::kInt8;  // kInt8, kUInt8 or kFloat32 (adds Quantize/Dequantize)
  bool softmax = true;                                // append Softmax to a network that ends in logits
  bool per_channel_fully_connected = false;  // a scale for each row of weights, as the newer specification allows
  std::vector<std::string> float_nodes;      // names of nodes that compute in float; what passes between two of
                                             // them is not rounded
};

// Full-integer: int8 per-channel symmetric weights (per tensor for fully connected), int8 per-tensor
// activations, int32 bias. Throws Error naming a tensor with NaN or infinity, or an op without an int8 form.
Graph quantize_int8(const Graph& graph, const Calibration& calibration, const QuantizeOptions& options = {});

// Dynamic range: int8 weights (per channel for convolutions, per tensor for fully connected) where they have
// 1024 elements or more; everything else stays float, and activations are quantized at run time.
Graph quantize_dynamic(const Graph& graph);

// Constants as float16, each behind a Dequantize; everything is computed in float32.
Graph quantize_float16(const Graph& graph);

// --- when plain quantization loses too much ----------------------------------------------------------------

// How far to climb, and how to measure.
struct LadderOptions {
  double max_drop = 0.002;             // of top-1, as a share: stop at the first step that loses no more
  std::int64_t held_out_images = 512;  // pictures that calibration does not see, on which the drop is measured
};

// One rung. Each starts from the best so far and is kept only if its output error is smaller. The ladder stops when
// neither the drop less its standard error, for on some hundred pictures it is largely luck, nor the expected drop is
// above max_drop.
struct LadderStep {
  std::string name;  // "calibration", "bias correction", "equalisation", "rounding"
  double top1 = 0;   // on the held-out pictures
  double drop = 0;   // float top-1 minus this one
  // What the float network's own probabilities say: its probability of the class that it names, less that of the class
  // that int8 names, mean over the pictures. It knows no luck, and every picture that changed its class counts.
  double expected_drop = 0;
  double output_error = 0;  // mean Kullback-Leibler divergence of the int8 from the float probabilities, nats
  bool kept = false;
  double seconds = 0;
};

struct LadderResult {
  Graph graph;  // the int8 network
  Graph real;   // the float network that it rounds: equalised, biases corrected; for debug_quantization()
  Calibration calibration;
  double float_top1 = 0;
  std::int64_t held_out_images = 0;
  std::vector<LadderStep> steps;  // as many as were climbed
};

// quantize_int8() that corrects biases (Nagel et al. 2019), looks at what it lost on pictures of `data` that it did not
// calibrate with, and goes on to cross-layer equalisation (the same, with activation ranges) and rounding of weights by
// the second moments of their inputs (Frantar et al. 2022) only while the drop asks for it.
LadderResult quantize_with_ladder(const Graph& graph, const Dataset& data, const CalibrationOptions& calibration = {},
                                  const QuantizeOptions& options = {}, const LadderOptions& ladder = {});

// --- where an int8 network hurts -------------------------------------------------------------------------------

struct LayerDamage {
  std::string name, op;
  double sqnr_db = 0;              // signal to quantization noise of the output, with all noise from before
  double saturated = 0;            // share of values that the float network has outside of the int8 range
  double channel_range_ratio = 1;  // largest magnitude of a channel over the median channel's
  // With this layer and those that read it in float, so that its output is not rounded; -1 when it was not tried.
  double error_left_in_float = -1, top1_left_in_float = -1;
  std::vector<std::string> float_nodes;  // the nodes that were in float then
};

struct QuantizationDamage {
  std::vector<LayerDamage> layers;  // in the order of the network
  int first_hurt = -1;              // the first layer below 20 dB; -1 when there is none
  double float_top1 = 0, top1 = 0;
  double output_error = 0;  // mean Kullback-Leibler divergence of the output, nats (of squares if it is no softmax)
  double agreement = 0;     // share of pictures for which both networks name the same class
  std::int64_t images = 0;
};

struct DebugOptions {
  std::int64_t images = 256;
  std::uint64_t seed = 0;
  int threads = 0;
  int float_trials = 5;  // of the layers that add the most noise, how many are tried in float
};

// Compares an int8 network with the float one it was made from: layers are matched by the names of their tensors or,
// where another tool has renamed them all, by their order, kinds and shapes.
QuantizationDamage debug_quantization(const Graph& real, const Graph& int8, const Dataset& data,
                                      const DebugOptions& options = {});

// What a person wants to see of a quantization, as one HTML page; parts that are absent are left out.
struct QuantizationPage {
  std::string model;
  std::vector<std::pair<std::string, std::string>> facts;  // (name, value): big figures
  std::optional<Calibration> calibration;
  std::vector<LadderStep> steps;
  std::optional<QuantizationDamage> damage;
};
std::string quantization_page(const QuantizationPage& page);

// The float network that an int8 one stands for: weights dequantized, activations not rounded. For int8 files whose
// float original is not at hand.
Graph dequantized(const Graph& int8);

}  // namespace Atoll
