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
  struct First {  // a variable that every network of the makers has, behind the network's own name where that varies
    Makers makers;
    std::string_view name;
    bool has_prefix;
  };
  constexpr First kFirst[] = {{Makers::kEfficientNet, "stem/conv2d/kernel", true},
                              {Makers::kMnasNet, "mnas_stem/conv2d/kernel", true},
                              {Makers::kSlimMobileNetV1, "MobilenetV1/Conv2d_0/weights", false},
                              {Makers::kSlimMobileNet, "MobilenetV2/Conv/weights", false},
                              {Makers::kSlimMobileNet, "MobilenetV3/Conv/weights", false},
                              {Makers::kSlimMobileNet, "MobilenetEdgeTPU/Conv/weights", false}};
  for (const NamedTensor& tensor : tensors)
    for (const First& first : kFirst) {
      const std::string& name = tensor.name;
      const bool is_it = name == first.name || (first.has_prefix && name.ends_with("/" + std::string(first.name)));
      if (!is_it) continue;
      const std::size_t prefix = first.has_prefix ? name.size() - first.name.size() : name.find('/') + 1;
      return TensorflowNamer(graph, first.makers, name.substr(0, prefix));
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
    case Makers::kEfficientNet:
    case Makers::kMnasNet: return google_mobile(place);
    case Makers::kSlimMobileNetV1: return slim_mobilenet_v1(place);
    case Makers::kSlimMobileNet: return slim_mobilenet(place);
  }
  return std::nullopt;
}

// tensorflow/tpu, models/official/efficientnet and mnasnet: layers are numbered in the order in which a block calls
// them. A block without an expansion starts with the depthwise convolution; a fused one has none.
std::optional<TensorflowNamer::Names> TensorflowNamer::google_mobile(const LayerPlace& place) const {
  const bool mnasnet = makers_ == Makers::kMnasNet;
  const std::string family = mnasnet ? "mnas_" : "";
  const char* norms = mnasnet ? "batch_normalization" : "tpu_batch_normalization";
  const auto layer = [&](const std::string& scope, int conv, int norm) {
    const std::string name = scope + "/" + numbered("conv2d", conv);
    return Names{name + "/kernel", name + "/bias", scope + "/" + numbered(norms, norm)};
  };
  if (place.layer == "stem" || place.layer == "head") return layer(family + place.layer, 0, 0);
  if (place.layer == "logits") return Names{family + "head/dense/kernel", family + "head/dense/bias", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = fmt::format("{}blocks_{}", family, place.index);
  const bool expands = places_.has(place, "expand"), fused = places_.has(place, "fused");
  if (place.layer == "fused" || place.layer == "expand") return layer(block, 0, 0);
  if (place.layer == "depthwise")
    return Names{block + "/depthwise_conv2d/depthwise_kernel", "", block + "/" + numbered(norms, expands ? 1 : 0)};
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

// tensorflow/models, research/slim/nets/mobilenet/mobilenet_v2.py and mobilenet_v3.py, whose layers outside of blocks
// are numbered in order. MobileNetEdgeTPU's first block is the projection alone.
std::optional<TensorflowNamer::Names> TensorflowNamer::slim_mobilenet(const LayerPlace& place) const {
  const auto layer = [](const std::string& name, const char* weights = "/weights") {
    return Names{name + weights, name + "/biases", name + "/BatchNorm"};
  };
  if (place.layer == "stem") return layer("Conv");
  if (place.layer == "stem/project") return layer("expanded_conv/project");
  if (place.layer == "head") return layer("Conv_1");
  if (place.layer == "features") return layer("Conv_2");
  if (place.layer == "logits") return layer("Logits/Conv2d_1c_1x1");
  if (place.scope.empty()) return std::nullopt;
  const std::string block = numbered("expanded_conv", place.index + (places_.has("stem/project") ? 1 : 0)) + "/";
  if (place.layer == "squeeze_excite/reduce") return layer(block + "squeeze_excite/Conv");
  if (place.layer == "squeeze_excite/expand") return layer(block + "squeeze_excite/Conv_1");
  if (place.layer == "fused") return layer(block + "expand");
  if (place.layer == "depthwise") return layer(block + "depthwise", "/depthwise_weights");
  if (place.layer == "expand" || place.layer == "project") return layer(block + place.layer);
  return std::nullopt;
}

}  // namespace Atoll::format
