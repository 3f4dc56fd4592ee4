// What the float network's activations looked like over calibration pictures: the base of every choice of
// ranges, of equalisation and of bias correction.
#pragma once

#include <string>
#include <vector>

#include "atoll/compress.h"
#include "compress/histogram.h"

namespace Atoll {

struct ActivationStatistics {
  bool observed = false;
  float low = 0, high = 0;                   // over everything, 0 included
  double average_low = 0, average_high = 0;  // moving average of each picture's own, 0 included
  Histogram histogram;
  // By index of the last dimension.
  std::vector<float> channel_low, channel_high;
  std::vector<double> channel_mean;
};

struct Observations {
  Graph graph;                                // lowered to .tflite's ops: what was run
  std::vector<ActivationStatistics> tensors;  // by tensor id
  std::int64_t images = 0;
  std::string hash;
  std::vector<Convergence> convergence;
};

// The calibration pictures: the first ones of a shuffle drawn with `seed`, in that order.
std::vector<std::int64_t> calibration_indices(const Dataset& data, std::int64_t images, std::uint64_t seed);

// Runs `graph` over the pictures. Throws Error naming a tensor with a NaN or an infinity.
Observations observe(const Graph& graph, const Dataset& data, std::span<const std::int64_t> indices, int threads);

// The graph that observe() runs and quantize_int8() rewrites: tensors of `graph` keep their ids.
Graph prepared_for_quantization(const Graph& graph);

// The range an estimator chooses for one activation; always includes 0.
Range estimate_range(const ActivationStatistics& statistics, RangeEstimator estimator);

// Mean squared error of 8 bits over `range`, as a share of the mean square of the values; 0 where there are none.
double noise_share(const ActivationStatistics& statistics, Range range);

// Ranges of all tensors.
Calibration estimate(const Observations& observations, RangeEstimator estimator);

}  // namespace Atoll
