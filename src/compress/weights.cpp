#include "compress/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compress/affine.h"

namespace Atoll {

bool has_weights(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

WeightLayout layout_of(const Graph& graph, const Node& node) {
  const Shape& shape = graph.tensor(node.inputs[1]).shape;
  if (std::holds_alternative<DepthwiseConv2D>(node.op)) return {3, static_cast<std::size_t>(shape[3]), 1};
  const auto channels = static_cast<std::size_t>(shape[0]);
  return {0, channels, channels == 0 ? 1 : static_cast<std::size_t>(shape.elements()) / channels};
}

std::vector<float> weight_scales(const Graph& graph, const Node& node, float input_scale, float output_scale,
                                 bool per_tensor) {
  const Tensor& weights = graph.tensor(node.inputs[1]);
  const WeightLayout layout = layout_of(graph, node);
  const std::size_t channels = per_tensor ? 1 : layout.channels;
  std::vector<float> scales = symmetric_scales(weights.data.as<float>(), channels, layout.inner);
  const float largest = scales.empty() ? 0 : *std::max_element(scales.begin(), scales.end());
  for (float& scale : scales)
    if (scale == 0) scale = largest > 0 ? largest : 1.0f / 127;

  const double in = input_scale, out = output_scale;
  for (float& scale : scales) {
    const double low = std::max(out * 0x1p-31 / in, static_cast<double>(std::numeric_limits<float>::min()));
    const double high = std::min(out * 0x1p20 / in, static_cast<double>(std::numeric_limits<float>::max()) / 256);
    scale = static_cast<float>(std::clamp(static_cast<double>(scale), std::min(low, high), high));
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor) {
    const std::span<const float> bias = graph.tensor(node.inputs[2]).data.as<float>();
    for (std::size_t i = 0; i < bias.size(); ++i) {
      float& scale = scales[per_tensor ? 0 : i % channels];
      scale = static_cast<float>(
          std::max(static_cast<double>(scale), std::fabs(static_cast<double>(bias[i])) / (in * 0x1p28)));
    }
  }
  return scales;
}

Tensor quantized_weights(const Tensor& weights, const WeightLayout& layout, const std::vector<float>& scales) {
  const std::span<const float> values = weights.data.as<float>();
  std::vector<std::int8_t> q(values.size());
  std::size_t channel = 0;
  for (std::size_t first = 0; first < values.size(); first += layout.inner, channel = (channel + 1) % scales.size())
    for (std::size_t i = first; i < std::min(first + layout.inner, values.size()); ++i)
      q[i] = quantized(values[i], static_cast<double>(scales[channel]), 0, -127);
  Tensor result = weights;
  result.dtype = DType::kInt8;
  result.quantization = {scales, std::vector<std::int32_t>(scales.size(), 0), scales.size() > 1 ? layout.axis : 0};
  result.data = Data::of(q);
  return result;
}

Tensor quantized_bias(const Tensor& bias, float input_scale, const std::vector<float>& scales) {
  const std::span<const float> values = bias.data.as<float>();
  std::vector<std::int32_t> q(values.size());
  Tensor result = bias;
  result.dtype = DType::kInt32;
  result.quantization = {};
  for (const float scale : scales) result.quantization.scale.push_back(input_scale * scale);
  result.quantization.zero_point.assign(scales.size(), 0);
  constexpr double kLimit = std::numeric_limits<std::int32_t>::max();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double unit = static_cast<double>(result.quantization.scale[scales.size() > 1 ? i : 0]);
    q[i] = static_cast<std::int32_t>(std::clamp(std::round(static_cast<double>(values[i]) / unit), -kLimit, kLimit));
  }
  result.data = Data::of(q);
  return result;
}

}  // namespace Atoll
