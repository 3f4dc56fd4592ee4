#include "format/tensorflow_names.h"

#include <fmt/format.h>

namespace Atoll::format {
namespace {

// tf.layers counts the layers of a kind in each scope: "conv2d", "conv2d_1", ...
std::string numbered(const std::string& kind, int index) {
  return index == 0 ? kind : fmt::format("{}_{}", kind, index);
}

bool strip_suffix(std::string& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

}  // namespace

std::optional<TensorflowNamer> TensorflowNamer::recognise(const Graph& graph, std::span<const NamedTensor> tensors) {
  constexpr std::string_view kStem = "stem/conv2d/kernel";
  for (const NamedTensor& tensor : tensors) {
    const std::string& name = tensor.name;
    if (name == kStem || name.ends_with("/" + std::string(kStem)))
      return TensorflowNamer(graph, Makers::kEfficientNet, name.substr(0, name.size() - kStem.size()));
    if (name == "MobilenetV1/Conv2d_0/weights") return TensorflowNamer(graph, Makers::kSlimMobileNetV1, "MobilenetV1/");
    if (name == "MobilenetV2/Conv/weights") return TensorflowNamer(graph, Makers::kSlimMobileNetV2, "MobilenetV2/");
  }
  return std::nullopt;
}

std::optional<std::string> TensorflowNamer::source_of(const std::string& name) const {
  std::string layer = name;
  const auto variable = [&](std::string Names::*part, const char* suffix) -> std::optional<std::string> {
    const std::optional<Names> names = names_of(places_.of(layer));
    if (!names || (*names.*part).empty()) return std::nullopt;
    return prefix_ + *names.*part + suffix;
  };
  if (strip_suffix(layer, "/norm/gamma")) return variable(&Names::norm, "/gamma");
  if (strip_suffix(layer, "/norm/beta")) return variable(&Names::norm, "/beta");
  if (strip_suffix(layer, "/norm/mean")) return variable(&Names::norm, "/moving_mean");
  if (strip_suffix(layer, "/norm/variance")) return variable(&Names::norm, "/moving_variance");
  if (strip_suffix(layer, "/weights")) return variable(&Names::weights, "");
  if (strip_suffix(layer, "/bias")) return variable(&Names::bias, "");
  return std::nullopt;
}

std::optional<TensorflowNamer::Names> TensorflowNamer::names_of(const LayerPlace& place) const {
  switch (makers_) {
    case Makers::kEfficientNet: return efficientnet(place);
    case Makers::kSlimMobileNetV1: return slim_mobilenet_v1(place);
    case Makers::kSlimMobileNetV2: return slim_mobilenet_v2(place);
  }
  return std::nullopt;
}

// tensorflow/tpu, models/official/efficientnet: layers are numbered in the order in which a block calls them. A block
// without an expansion starts with the depthwise convolution; a fused one has none.
std::optional<TensorflowNamer::Names> TensorflowNamer::efficientnet(const LayerPlace& place) const {
  const auto layer = [](const std::string& scope, int conv, int norm) {
    const std::string name = scope + "/" + numbered("conv2d", conv);
    return Names{name + "/kernel", name + "/bias", scope + "/" + numbered("tpu_batch_normalization", norm)};
  };
  if (place.layer == "stem" || place.layer == "head") return layer(place.layer, 0, 0);
  if (place.layer == "logits") return Names{"head/dense/kernel", "head/dense/bias", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = fmt::format("blocks_{}", place.index);
  const bool expands = places_.has(place, "expand"), fused = places_.has(place, "fused");
  if (place.layer == "fused" || place.layer == "expand") return layer(block, 0, 0);
  if (place.layer == "depthwise")
    return Names{block + "/depthwise_conv2d/depthwise_kernel", "",
                 block + "/" + numbered("tpu_batch_normalization", expands ? 1 : 0)};
  if (place.layer == "squeeze_excite/reduce") return layer(block + "/se", 0, 0);
  if (place.layer == "squeeze_excite/expand") return layer(block + "/se", 1, 0);
  if (place.layer == "project") return layer(block, expands || fused ? 1 : 0, expands ? 2 : 1);
  return std::nullopt;
}

// tensorflow/models, research/slim/nets/mobilenet_v1.py
std::optional<TensorflowNamer::Names> TensorflowNamer::slim_mobilenet_v1(const LayerPlace& place) const {
  if (place.layer == "logits") return Names{"Logits/Conv2d_1c_1x1/weights", "Logits/Conv2d_1c_1x1/biases", ""};
  if (place.layer == "stem") return Names{"Conv2d_0/weights", "", "Conv2d_0/BatchNorm"};
  if (place.scope.empty()) return std::nullopt;
  const std::string layer = fmt::format("Conv2d_{}_{}", place.index + 1, place.layer);
  if (place.layer == "depthwise") return Names{layer + "/depthwise_weights", "", layer + "/BatchNorm"};
  if (place.layer == "pointwise") return Names{layer + "/weights", "", layer + "/BatchNorm"};
  return std::nullopt;
}

// tensorflow/models, research/slim/nets/mobilenet/mobilenet_v2.py
std::optional<TensorflowNamer::Names> TensorflowNamer::slim_mobilenet_v2(const LayerPlace& place) const {
  if (place.layer == "logits") return Names{"Logits/Conv2d_1c_1x1/weights", "Logits/Conv2d_1c_1x1/biases", ""};
  if (place.layer == "stem") return Names{"Conv/weights", "", "Conv/BatchNorm"};
  if (place.layer == "head") return Names{"Conv_1/weights", "", "Conv_1/BatchNorm"};
  if (place.scope.empty()) return std::nullopt;
  const std::string layer = numbered("expanded_conv", place.index) + "/" + place.layer;
  if (place.layer == "depthwise") return Names{layer + "/depthwise_weights", "", layer + "/BatchNorm"};
  if (place.layer == "expand" || place.layer == "project") return Names{layer + "/weights", "", layer + "/BatchNorm"};
  return std::nullopt;
}

}  // namespace Atoll::format
