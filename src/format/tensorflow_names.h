// TensorflowNamer: what TensorFlow's published networks call the variables of a zoo network.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "atoll/weights.h"
#include "format/layer_places.h"

namespace Atoll::format {

class TensorflowNamer {
 public:
  // By the names themselves; nothing where nobody known named them.
  static std::optional<TensorflowNamer> recognise(const Graph& graph, std::span<const NamedTensor> tensors);

  // Their name of the constant called `name` ("stage3/block2/expand/norm/gamma"); nothing for a layer that they do
  // not have.
  std::optional<std::string> source_of(const std::string& name) const;

 private:
  enum class Makers { kEfficientNet, kMnasNet, kSlimMobileNetV1, kSlimMobileNet };
  struct Names {  // of a layer's variables
    std::string weights, bias, norm;
  };
  TensorflowNamer(const Graph& graph, Makers makers, std::string prefix)
      : makers_(makers), prefix_(std::move(prefix)), places_(graph) {}

  std::optional<Names> names_of(const LayerPlace& place) const;
  std::optional<Names> google_mobile(const LayerPlace& place) const;
  std::optional<Names> slim_mobilenet_v1(const LayerPlace& place) const;
  std::optional<Names> slim_mobilenet(const LayerPlace& place) const;

  Makers makers_;
  std::string prefix_;  // "efficientnet-edgetpu-S/"
  LayerPlaces places_;
};

}  // namespace Atoll::format
