// WeightNamer: what other projects call the layers of a zoo network. The zoo's names are paths
// ("stage3/block2/expand"); theirs are modules ("blocks.2.1.conv_pw").
#pragma once

#include <optional>
#include <string>

#include "atoll/pytorch.h"
#include "format/layer_places.h"

namespace Atoll::format {

class WeightNamer {
 public:
  WeightNamer(const Graph& graph, WeightNames names);

  // Their name of the constant called `name` ("stage3/block2/expand/norm/gamma"); nothing for a layer that the
  // scheme does not know.
  std::optional<std::string> source_of(const std::string& name) const;

  // What BatchNorm adds to the variance in networks of this naming.
  float batch_norm_epsilon() const;

 private:
  struct Modules {
    std::string conv, norm;
  };
  std::optional<Modules> modules_of(const LayerPlace& place) const;
  std::optional<Modules> efficientnet_pytorch(const LayerPlace& place) const;
  std::optional<Modules> timm(const LayerPlace& place) const;
  std::optional<Modules> torchvision_resnet(const LayerPlace& place) const;
  std::optional<Modules> torchvision_mobilenet(const LayerPlace& place) const;

  WeightNames names_;
  LayerPlaces places_;
};

}  // namespace Atoll::format
