// Quantized weights and biases of convolutions and fully connected layers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "atoll/compress.h"

namespace Atoll {

// How the weights of a layer divide into channels: element i belongs to channel (i / inner) % channels.
struct WeightLayout {
  int axis = 0;
  std::size_t channels = 1, inner = 1;
};
bool has_weights(const Op& op);
WeightLayout layout_of(const Graph& graph, const Node& node);

// Scales given from outside, by the weights' tensor id: weights that were already rounded to a grid.
using WeightScales = std::map<TensorId, std::vector<float>>;

// One scale for each channel (or one alone, `per_tensor`): largest magnitude / 127, but moved where the
// arithmetic of the kernels would not hold it: the bias, in units of input * weight scale, must fit 28 bits (with
// more, as channels whose weights are all but zero would have, the quick kernels' 32 bits could overflow), and
// input * weight / output scale must lie within 2^-31 and 2^20. A channel of zeros takes the largest scale of
// the others.
std::vector<float> weight_scales(const Graph& graph, const Node& node, float input_scale, float output_scale,
                                 bool per_tensor);

Tensor quantized_weights(const Tensor& weights, const WeightLayout& layout, const std::vector<float>& scales);
Tensor quantized_bias(const Tensor& bias, float input_scale, const std::vector<float>& scales);

}  // namespace Atoll
