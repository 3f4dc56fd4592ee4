#include "qat/fake_quantize_transform.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "atoll/random.h"
#include "compress/affine.h"
#include "compress/same_parameters.h"
#include "compress/weights.h"

namespace Atoll::qat {
namespace {

const Node* node_named(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes)
    if (node.name == name) return &node;
  return nullptr;
}

// The batch norm that is folded into `node`: the one that reads its output, perhaps through dropout.
const Node* norm_behind(const Graph& graph, const Node& node) {
  TensorId id = node.outputs[0];
  for (const Node& next : graph.nodes) {
    if (next.inputs.empty() || next.inputs[0] != id) continue;
    if (std::holds_alternative<BatchNorm>(next.op)) return &next;
    if (std::holds_alternative<Dropout>(next.op)) id = next.outputs[0];
  }
  return nullptr;
}

}  // namespace

FakeQuantizeTransform::FakeQuantizeTransform(const FakeQuantizedGraph& forms, const QuantizeOptions& options)
    : forms_(forms), options_(options) {}

void FakeQuantizeTransform::attach(const Graph& graph, const ValueLayout& layout) {
  layers_.clear();
  constants_.clear();
  states_.clear();
  for (const FakeQuantizedGraph::Site& site : forms_.sites)
    states_.push_back(layout.offset[static_cast<std::size_t>(site.state)]);
  for (const Node& node : forms_.plain.nodes) {
    if (has_weights(node.op)) {
      add_layer(graph, node, layout);
      continue;
    }
    if (std::holds_alternative<BatchNorm>(node.op)) continue;
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor || !forms_.plain.tensor(id).constant) continue;
      const TensorId prepared = find_tensor(forms_.prepared, forms_.plain.tensor(id).name);
      if (prepared == kNoTensor) fail("constant '{}' is lost on the way to int8", forms_.plain.tensor(id).name);
      constants_.push_back({prepared, layout.offset[static_cast<std::size_t>(id)],
                            static_cast<std::size_t>(forms_.plain.tensor(id).elements())});
    }
  }
}

void FakeQuantizeTransform::add_layer(const Graph& graph, const Node& node, const ValueLayout& layout) {
  const auto at = [&](TensorId id) { return layout.offset[static_cast<std::size_t>(id)]; };
  Layer layer{.prepared = node_named(forms_.prepared, node.name)};
  if (!layer.prepared) fail("{} '{}' is lost on the way to int8", name_of(node.op), node.name);
  layer.weights = at(node.inputs[1]);
  layer.count = static_cast<std::size_t>(forms_.plain.tensor(node.inputs[1]).elements());
  if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor) layer.bias = at(node.inputs[2]);
  if (const Node* norm = norm_behind(forms_.plain, node)) {
    layer.normalized = true;
    layer.gamma = at(norm->inputs[1]);
    layer.beta = at(norm->inputs[2]);
    layer.mean = at(norm->inputs[3]);
    layer.variance = at(norm->inputs[4]);
    layer.epsilon = static_cast<double>(std::get<BatchNorm>(norm->op).epsilon);
  }
  const std::span<const float> weights = graph.tensor(node.inputs[1]).data.as<float>();
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i] == 0) layer.zeros.push_back(static_cast<std::uint32_t>(i));
  layers_.push_back(std::move(layer));
}

void FakeQuantizeTransform::clear_zeros(std::span<float> values) const {
  for (const Layer& layer : layers_)
    for (const std::uint32_t i : layer.zeros) values[layer.weights + i] = 0;
}

void FakeQuantizeTransform::begin_step(std::uint64_t, std::span<float> values) { clear_zeros(values); }
void FakeQuantizeTransform::backward(std::span<float> gradients) { clear_zeros(gradients); }

// Writes the layer's folded weights and bias, as to_inference() makes them, into `prepared`.
std::vector<float> FakeQuantizeTransform::fold(const Layer& layer, std::span<const float> values,
                                               Graph& prepared) const {
  const WeightLayout layout = layout_of(prepared, *layer.prepared);
  std::vector<float> scale(layout.channels, 1.0f);
  const std::span<const float> own = values.subspan(layer.weights, layer.count);
  std::vector<float> weights(own.begin(), own.end()), bias(layout.channels, 0.0f);
  for (std::size_t c = 0; c < layout.channels; ++c) {
    if (layer.bias) bias[c] = values[*layer.bias + c];
    if (!layer.normalized) continue;
    const double exact = values[layer.gamma + c] / std::sqrt(values[layer.variance + c] + layer.epsilon);
    scale[c] = static_cast<float>(exact);
    bias[c] = scale[c] * bias[c] + static_cast<float>(values[layer.beta + c] - exact * values[layer.mean + c]);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= scale[(i / layout.inner) % layout.channels];
  prepared.tensor(layer.prepared->inputs[1]).data = Data::of(weights);
  if (layer.prepared->inputs.size() > 2 && layer.prepared->inputs[2] != kNoTensor)
    prepared.tensor(layer.prepared->inputs[2]).data = Data::of(bias);
  return scale;
}

void FakeQuantizeTransform::round_weights(const Layer& layer, const Graph& prepared, std::span<const float> scale,
                                          float input_scale, float output_scale, std::span<float> effective) const {
  const Node& node = *layer.prepared;
  const bool per_tensor = std::holds_alternative<FullyConnected>(node.op) && !options_.per_channel_fully_connected;
  const std::vector<float> steps = weight_scales(prepared, node, input_scale, output_scale, per_tensor);
  const WeightLayout layout = layout_of(prepared, node);
  const Tensor q = quantized_weights(prepared.tensor(node.inputs[1]), layout, steps);
  const std::span<const std::int8_t> integers = q.data.as<std::int8_t>();
  std::vector<float> back(layout.channels, 0.0f);  // of a step; a channel that counts for nothing stays as it is
  for (std::size_t c = 0; c < layout.channels; ++c)
    if (std::fabs(scale[c]) > 1e-30f) back[c] = steps[per_tensor ? 0 : c] / scale[c];
  float* weights = effective.data() + layer.weights;
  for (std::size_t i = 0; i < integers.size(); ++i)
    if (const float step = back[(i / layout.inner) % layout.channels]; step != 0)
      weights[i] = step * static_cast<float>(integers[i]);
  if (!layer.bias || layer.normalized) return;
  const Tensor& bias = prepared.tensor(node.inputs[2]);
  const Tensor rounded = quantized_bias(bias, input_scale, steps);
  const std::span<const std::int32_t> units = rounded.data.as<std::int32_t>();
  for (std::size_t c = 0; c < units.size(); ++c)
    effective[*layer.bias + c] = rounded.quantization.scale[per_tensor ? 0 : c] * static_cast<float>(units[c]);
}

void FakeQuantizeTransform::apply(std::span<const float> values, std::span<float> effective) const {
  Graph prepared = forms_.prepared;
  std::vector<std::vector<float>> scales;
  for (const Layer& layer : layers_) scales.push_back(fold(layer, values, prepared));
  std::vector<Range> ranges(prepared.tensors.size());
  for (std::size_t i = 0; i < states_.size(); ++i)
    ranges[static_cast<std::size_t>(forms_.sites[i].prepared)] = {values[states_[i]], values[states_[i] + 1]};
  const ActivationParameters parameters = choose_parameters(prepared, std::move(ranges));
  const auto of = [&](TensorId id) -> const Quantization& {
    return parameters.of_tensor[static_cast<std::size_t>(id)];
  };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Quantization& q = of(forms_.sites[i].prepared);
    effective[states_[i] + 2] = q.scale[0];
    effective[states_[i] + 3] = static_cast<float>(q.zero_point[0]);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i)
    round_weights(layers_[i], prepared, scales[i], of(layers_[i].prepared->inputs[0]).scale[0],
                  of(layers_[i].prepared->outputs[0]).scale[0], effective);
  for (const Constant& constant : constants_) {
    const Quantization& q = of(constant.prepared);
    for (float& value : effective.subspan(constant.at, constant.count))
      value = q.scale[0] * static_cast<float>(quantized(value, static_cast<double>(q.scale[0]), q.zero_point[0], -128) -
                                              q.zero_point[0]);
  }
}

std::uint64_t FakeQuantizeTransform::fingerprint() const {
  return mix(mix(0x716174, options_.per_channel_fully_connected ? 1 : 0), forms_.sites.size());
}

}  // namespace Atoll::qat
