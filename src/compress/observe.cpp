#include "compress/observe.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <span>

#include "atoll/error.h"
#include "atoll/random.h"
#include "atoll/runtime.h"
#include "atoll/threads.h"
#include "base/interrupt.h"
#include "compress/choose_ranges.h"
#include "compress/picture_batches.h"
#include "compress/same_parameters.h"

namespace Atoll {
namespace {

constexpr double kAverageDecay = 0.95;  // of the moving average, by picture
// Of each tensor about so many values enter the histogram, but of each picture at least as many as these.
constexpr std::size_t kCountedValues = std::size_t{1} << 20, kCountedOfPicture = 4096;

void require_float_constants(const Graph& graph) {
  for (const Node& node : graph.nodes)
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor || !graph.tensor(id).constant) continue;
      const Tensor& tensor = graph.tensor(id);
      if (tensor.dtype != DType::kFloat32)
        fail("'{}' cannot be quantized: constant '{}' is {} already, but should be float32", graph.name, tensor.name,
             name_of(tensor.dtype));
      if (tensor.data.empty() && tensor.bytes() > 0)
        fail("'{}' cannot be quantized: constant '{}' has no values", graph.name, tensor.name);
      for (const float value : tensor.data.as<float>())
        if (!std::isfinite(value))
          fail("constant '{}' of {} '{}' holds {}", tensor.name, name_of(node.op), node.name, value);
    }
}

// A stride that shares no factor with the channels, so that every channel is counted.
std::size_t stride_of(std::size_t values, std::size_t channels, std::size_t pictures) {
  std::size_t stride = std::max<std::size_t>(1, values / std::max(kCountedOfPicture, kCountedValues / pictures));
  while (std::gcd(stride, channels) != 1) ++stride;
  return stride;
}

bool is_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// Minimum, maximum and sum of each channel of one picture.
struct ChannelExtent {
  std::vector<float> low, high, sum;

  ChannelExtent(std::span<const float> values, std::size_t channels)
      : low(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(channels)), high(low), sum(channels) {
    float* __restrict l = low.data(), * __restrict h = high.data(), * __restrict s = sum.data();
    for (std::size_t i = 0; i + channels <= values.size(); i += channels) {
      const float* v = values.data() + i;
      for (std::size_t c = 0; c < channels; ++c) {
        l[c] = v[c] < l[c] ? v[c] : l[c];
        h[c] = v[c] > h[c] ? v[c] : h[c];
        s[c] += v[c];
      }
    }
  }
};

// Adds one picture's values of one tensor; false, and nothing is added, where one of them is not finite.
bool add_picture(ActivationStatistics& s, std::span<const float> values, std::size_t channels, std::int64_t picture,
                 std::size_t pictures) {
  const ChannelExtent own(values, channels);
  if (!is_finite(own.sum) && !is_finite(values)) return false;
  if (s.channel_low.empty()) {
    s.channel_low.assign(channels, 0);
    s.channel_high.assign(channels, 0);
    s.channel_mean.assign(channels, 0);
  }
  const double rows = static_cast<double>(values.size() / channels);
  float whole_low = 0, whole_high = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    s.channel_low[c] = picture == 0 ? own.low[c] : std::min(s.channel_low[c], own.low[c]);
    s.channel_high[c] = picture == 0 ? own.high[c] : std::max(s.channel_high[c], own.high[c]);
    s.channel_mean[c] +=
        (static_cast<double>(own.sum[c]) / rows - s.channel_mean[c]) / static_cast<double>(picture + 1);
    whole_low = std::min(whole_low, own.low[c]);
    whole_high = std::max(whole_high, own.high[c]);
  }
  const double decay = picture == 0 ? 0 : kAverageDecay;
  s.average_low = decay * s.average_low + (1 - decay) * whole_low;
  s.average_high = decay * s.average_high + (1 - decay) * whole_high;
  s.low = std::min(s.low, whole_low);
  s.high = std::max(s.high, whole_high);
  s.histogram.add(values, stride_of(values.size(), channels, pictures));
  s.observed = true;
  return true;
}

// The first of the tensors, in the order of the network, that is not finite: what came after it only inherited.
[[noreturn]] void refuse_first(const Graph& graph, const Session& session, const std::vector<TensorId>& ids) {
  for (const TensorId id : ids) {
    const std::span<const std::byte> bytes = session.activation(id);
    for (const float v : std::span(reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)))
      if (!std::isfinite(v)) fail("tensor '{}' holds {} for a calibration picture", graph.tensor(id).name, v);
  }
  fail("an activation of '{}' is not finite for a calibration picture", graph.name);
}

// Activations whose values are worth looking at: those that do not repeat their input's.
std::vector<TensorId> observed_tensors(const Graph& graph) {
  std::vector<TensorId> ids = graph.inputs;
  for (const Node& node : graph.nodes)
    if (!repeats_its_input(node.op)) ids.insert(ids.end(), node.outputs.begin(), node.outputs.end());
  std::erase_if(ids, [&](TensorId id) { return graph.tensor(id).dtype != DType::kFloat32; });
  return ids;
}

// Mean over tensors of how far the min-max range still is from the final one, as a share of it.
struct RangeTrace {
  std::vector<std::vector<float>> widths;  // at each point, by observed tensor
  std::vector<std::int64_t> images;

  void note(std::int64_t seen, const std::vector<TensorId>& ids, const std::vector<ActivationStatistics>& tensors) {
    images.push_back(seen);
    widths.emplace_back();
    for (const TensorId id : ids) {
      const ActivationStatistics& s = tensors[static_cast<std::size_t>(id)];
      widths.back().push_back(s.high - s.low);
    }
  }
  std::vector<Convergence> points() const {
    std::vector<Convergence> result;
    for (std::size_t p = 0; p < images.size(); ++p) {
      double missing = 0;
      for (std::size_t i = 0; i < widths[p].size(); ++i)
        if (widths.back()[i] > 0)
          missing += 1 - static_cast<double>(widths[p][i]) / static_cast<double>(widths.back()[i]);
      result.push_back({images[p], missing / static_cast<double>(std::max<std::size_t>(1, widths[p].size()))});
    }
    return result;
  }
};

}  // namespace

Graph prepared_for_quantization(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<BatchNorm>(node.op) || std::holds_alternative<Dropout>(node.op))
      fail("'{}' cannot be quantized: {} '{}' belongs to the training form; use to_inference() first", graph.name,
           name_of(node.op), node.name);
    if (std::holds_alternative<Opaque>(node.op) || std::holds_alternative<Quantize>(node.op) ||
        std::holds_alternative<Dequantize>(node.op))
      fail("'{}' cannot be quantized: {} '{}' has no int8 form", graph.name, name_of(node.op), node.name);
  }
  require_float_constants(graph);
  return lower_to_tflite_ops(graph);
}

std::vector<std::int64_t> calibration_indices(const Dataset& data, std::int64_t images, std::uint64_t seed) {
  if (data.size() == 0) fail("there are no calibration pictures: the data set is empty");
  if (images < 1) fail("{} calibration pictures are wanted, but at least 1 is needed", images);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(data.size()));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  Rng(seed).shuffle(std::span(indices));
  indices.resize(static_cast<std::size_t>(std::min(images, data.size())));
  return indices;
}

Observations observe(const Graph& source, const Dataset& data, std::span<const std::int64_t> indices, int threads) {
  Observations result;
  result.graph = prepared_for_quantization(source);
  result.tensors.resize(result.graph.tensors.size());
  threads = threads > 0 ? threads : hardware_threads();
  ThreadPool pool(threads);
  PictureBatches batches(result.graph, data, indices, pool);
  const Graph batched = with_batch(result.graph, batches.batch());
  Session session(batched, {.threads = threads, .keep_activations = true});
  const std::vector<TensorId> ids = observed_tensors(result.graph);
  std::atomic<bool> finite = true;
  RangeTrace trace;
  std::int64_t seen = 0, next_note = 1;
  while (const std::int64_t count = batches.next(session)) {
    throw_if_interrupted();
    session.run();
    pool.for_ranges(threads, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t t = begin; t < end; ++t)
        for (std::size_t i = static_cast<std::size_t>(t); i < ids.size(); i += static_cast<std::size_t>(threads)) {
          const std::span<const std::byte> bytes = session.activation(ids[i]);
          const std::size_t values = bytes.size() / sizeof(float) / static_cast<std::size_t>(batches.batch());
          const Shape& shape = result.graph.tensor(ids[i]).shape;
          const std::size_t channels = shape.rank() > 1 ? static_cast<std::size_t>(shape.back()) : 1;
          for (std::int64_t n = 0; n < count; ++n) {
            const std::span<const float> own(
                reinterpret_cast<const float*>(bytes.data()) + static_cast<std::size_t>(n) * values, values);
            if (own.empty()) continue;
            if (!add_picture(result.tensors[static_cast<std::size_t>(ids[i])], own, channels, seen + n, indices.size()))
              finite = false;
            if (!finite) return;
          }
        }
    });
    if (!finite) refuse_first(result.graph, session, ids);
    seen += count;
    if (seen >= next_note || seen == static_cast<std::int64_t>(indices.size())) {
      trace.note(seen, ids, result.tensors);
      while (next_note <= seen) next_note *= 2;
    }
  }
  result.images = seen;
  result.hash = batches.hash();
  result.convergence = trace.points();
  return result;
}

Calibration estimate(const Observations& observations, RangeEstimator estimator) {
  Calibration calibration;
  calibration.images = observations.images;
  calibration.hash = observations.hash;
  calibration.convergence = observations.convergence;
  calibration.estimator = estimator;
  calibration.ranges.resize(observations.tensors.size());
  ThreadPool(hardware_threads()).for_each(static_cast<std::int64_t>(observations.tensors.size()), [&](std::int64_t i) {
    const ActivationStatistics& statistics = observations.tensors[static_cast<std::size_t>(i)];
    if (statistics.observed) calibration.ranges[static_cast<std::size_t>(i)] = estimate_range(statistics, estimator);
  });
  for (const Node& node : observations.graph.nodes)
    if (repeats_its_input(node.op))
      for (const TensorId out : node.outputs)
        calibration.ranges[static_cast<std::size_t>(out)] =
            calibration.ranges[static_cast<std::size_t>(node.inputs[0])];
  return calibration;
}

Calibration calibrate(const Graph& graph, const Dataset& data, const CalibrationOptions& options) {
  const std::vector<std::int64_t> indices = calibration_indices(data, options.images, options.seed);
  const Observations observations = observe(graph, data, indices, options.threads);
  if (options.estimator) return estimate(observations, *options.estimator);
  return choose_ranges(observations, data, indices, options, {});
}

}  // namespace Atoll
