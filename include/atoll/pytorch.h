// Weights that others trained in PyTorch: state dicts as files, and how their names and layouts map onto a zoo network.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atoll/graph.h"
#include "atoll/weights.h"

namespace Atoll {

// A state dict as torch.save writes it: the zip archive, or the older stream. The pickle inside is read as data
// and executes nothing. Integer tensors (counters) are left out. Memory: at most 16 times the file.
// Throws Error for a malformed file, and for a pickle that wants to call anything.
std::vector<NamedTensor> read_pytorch_weights(std::span<const std::byte> file, const std::string& name);

// Who named the tensors.
enum class WeightNames {
  kEfficientNetPytorch,   // "_conv_stem.weight": efficientnet-pytorch, efficientnet-lite-pytorch
  kTimm,                  // "conv_stem.weight": timm's EfficientNet, MobileNet v2 and MnasNet relatives
  kTorchvisionResNet,     // "layer1.0.conv1.weight": torchvision's and timm's ResNet v1
  kTorchvisionMobileNet,  // "features.1.conv.0.0.weight": torchvision's MobileNet v2
};
std::string_view name_of(WeightNames names);
// By the names themselves; nothing where nobody known named them.
std::optional<WeightNames> recognise(std::span<const NamedTensor> tensors);

struct WeightOptions {
  // Absent: the habit of the makers (timm and torchvision 1e-5, efficientnet-pytorch 1e-3), or the zoo's own where
  // order alone told which tensor is which. timm's ports from TensorFlow ("tf_…") need 1e-3.
  std::optional<float> batch_norm_epsilon;
};

// `graph`, a zoo network in training form, with every constant filled: by its makers' names where they are known,
// else in the order of the state dict, whose modules must agree in kind and shape one by one. Throws Error that lists
// what is missing, left over or of another shape, by name. The graph's padding must be the one the weights were
// trained with ("mobilenet-v2:padding=symmetric" for torchvision's).
Graph with_pytorch_weights(const Graph& graph, std::span<const NamedTensor> tensors, const WeightOptions& options = {});

// Reads the file and fills `graph`: a .pth or .pt file.
Graph load_pytorch_weights(const Graph& graph, const std::filesystem::path& file, const WeightOptions& options = {});

}  // namespace Atoll
