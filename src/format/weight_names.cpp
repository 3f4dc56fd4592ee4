#include "format/weight_names.h"

namespace Atoll::format {
namespace {

bool strip_suffix(std::string& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

}  // namespace

WeightNamer::WeightNamer(const Graph& graph, WeightNames names) : names_(names), places_(graph) {}

std::optional<std::string> WeightNamer::source_of(const std::string& name) const {
  struct Part {
    std::string_view ours, theirs;
    bool norm;
  };
  constexpr Part kParts[] = {{"/norm/gamma", ".weight", true},      {"/norm/beta", ".bias", true},
                             {"/norm/mean", ".running_mean", true}, {"/norm/variance", ".running_var", true},
                             {"/weights", ".weight", false},        {"/bias", ".bias", false}};
  std::string layer = name;
  for (const Part& part : kParts) {
    if (!strip_suffix(layer, part.ours)) continue;
    const std::optional<Modules> modules = modules_of(places_.of(layer));
    if (!modules) return std::nullopt;
    return (part.norm ? modules->norm : modules->conv) + std::string(part.theirs);
  }
  return std::nullopt;
}

float WeightNamer::batch_norm_epsilon() const { return names_ == WeightNames::kEfficientNetPytorch ? 1e-3f : 1e-5f; }

std::optional<WeightNamer::Modules> WeightNamer::modules_of(const LayerPlace& place) const {
  switch (names_) {
    case WeightNames::kEfficientNetPytorch: return efficientnet_pytorch(place);
    case WeightNames::kTimm: return timm(place);
    case WeightNames::kTorchvisionResNet: return torchvision_resnet(place);
    case WeightNames::kTorchvisionMobileNet: return torchvision_mobilenet(place);
  }
  return std::nullopt;
}

std::optional<WeightNamer::Modules> WeightNamer::efficientnet_pytorch(const LayerPlace& place) const {
  if (place.layer == "stem") return Modules{"_conv_stem", "_bn0"};
  if (place.layer == "head") return Modules{"_conv_head", "_bn1"};
  if (place.layer == "logits") return Modules{"_fc", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = "_blocks." + std::to_string(place.index);
  if (place.layer == "expand") return Modules{block + "._expand_conv", block + "._bn0"};
  if (place.layer == "depthwise") return Modules{block + "._depthwise_conv", block + "._bn1"};
  if (place.layer == "project") return Modules{block + "._project_conv", block + "._bn2"};
  if (place.layer == "squeeze_excite/reduce") return Modules{block + "._se_reduce", ""};
  if (place.layer == "squeeze_excite/expand") return Modules{block + "._se_expand", ""};
  return std::nullopt;
}

std::optional<WeightNamer::Modules> WeightNamer::timm(const LayerPlace& place) const {
  if (place.layer == "stem") return Modules{"conv_stem", "bn1"};
  if (place.layer == "head") return Modules{"conv_head", "bn2"};
  if (place.layer == "logits") return Modules{"classifier", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = "blocks." + std::to_string(place.stage) + "." + std::to_string(place.block);
  const bool expands = places_.has(place, "expand"), fused = places_.has(place, "fused");
  if (place.layer == "expand") return Modules{block + ".conv_pw", block + ".bn1"};
  if (place.layer == "fused") return Modules{block + ".conv_exp", block + ".bn1"};
  if (place.layer == "depthwise") return Modules{block + ".conv_dw", block + (expands ? ".bn2" : ".bn1")};
  if (place.layer == "project")
    return Modules{block + (expands || fused ? ".conv_pwl" : ".conv_pw"), block + (expands ? ".bn3" : ".bn2")};
  if (place.layer == "squeeze_excite/reduce") return Modules{block + ".se.conv_reduce", ""};
  if (place.layer == "squeeze_excite/expand") return Modules{block + ".se.conv_expand", ""};
  return std::nullopt;
}

std::optional<WeightNamer::Modules> WeightNamer::torchvision_resnet(const LayerPlace& place) const {
  if (place.layer == "stem") return Modules{"conv1", "bn1"};
  if (place.layer == "logits") return Modules{"fc", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = "layer" + std::to_string(place.stage + 1) + "." + std::to_string(place.block);
  if (place.layer == "shortcut") return Modules{block + ".downsample.0", block + ".downsample.1"};
  for (const char* number : {"1", "2", "3"})
    if (place.layer == std::string("conv") + number) return Modules{block + ".conv" + number, block + ".bn" + number};
  return std::nullopt;
}

std::optional<WeightNamer::Modules> WeightNamer::torchvision_mobilenet(const LayerPlace& place) const {
  const auto layer_of = [](const std::string& features, const char* conv, const char* norm) {
    return Modules{features + conv, features + norm};
  };
  if (place.layer == "stem") return layer_of("features.0", ".0", ".1");
  if (place.layer == "head") return layer_of("features." + std::to_string(places_.blocks() + 1), ".0", ".1");
  if (place.layer == "logits") return Modules{"classifier.1", ""};
  if (place.scope.empty()) return std::nullopt;
  const std::string block = "features." + std::to_string(place.index + 1) + ".conv";
  const bool expands = places_.has(place, "expand");
  if (place.layer == "expand") return layer_of(block, ".0.0", ".0.1");
  if (place.layer == "depthwise") return expands ? layer_of(block, ".1.0", ".1.1") : layer_of(block, ".0.0", ".0.1");
  if (place.layer == "project") return expands ? layer_of(block, ".2", ".3") : layer_of(block, ".1", ".2");
  return std::nullopt;
}

}  // namespace Atoll::format

namespace Atoll {

std::string_view name_of(WeightNames names) {
  switch (names) {
    case WeightNames::kEfficientNetPytorch: return "efficientnet-pytorch";
    case WeightNames::kTimm: return "timm";
    case WeightNames::kTorchvisionResNet: return "torchvision's ResNet";
    case WeightNames::kTorchvisionMobileNet: return "torchvision's MobileNet v2";
  }
  return "unknown";
}

std::optional<WeightNames> recognise(std::span<const NamedTensor> tensors) {
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == "_conv_stem.weight") return WeightNames::kEfficientNetPytorch;
    if (tensor.name == "conv_stem.weight") return WeightNames::kTimm;
    if (tensor.name == "layer1.0.conv1.weight") return WeightNames::kTorchvisionResNet;
    if (tensor.name == "features.1.conv.0.0.weight") return WeightNames::kTorchvisionMobileNet;
  }
  return std::nullopt;
}

}  // namespace Atoll
