// The values of foreign tensors in the constants of a network: which tensor fills which constant is the caller's
// knowledge, how it must be laid out is here.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "atoll/weights.h"

namespace Atoll::format {

enum class WeightLayout {
  kPytorch,     // Conv2D [out, in, h, w], DepthwiseConv2D [channels, 1, h, w], FullyConnected [out, in]
  kTensorflow,  // Conv2D [h, w, in, out], DepthwiseConv2D [h, w, in, multiplier], FullyConnected [in, out]
};

struct WeightSources {
  WeightLayout layout;
  // The name of the tensor that fills a constant; nothing where the network's layer has no counterpart.
  std::function<std::optional<std::string>(const std::string& constant)> of;
  // Whether nothing is lost when this tensor goes nowhere.
  std::function<bool(const std::string& tensor)> is_auxiliary;
};

// `graph` with every constant that had no values filled. Throws Error that lists what is missing, of another shape or
// left over, by name.
Graph fill_weights(const Graph& graph, std::span<const NamedTensor> tensors, const WeightSources& sources);

}  // namespace Atoll::format
