// TensorFlow's variables into a zoo network.
#include <algorithm>
#include <unordered_set>

#include "atoll/error.h"
#include "atoll/tensorflow.h"
#include "format/fill_weights.h"
#include "format/tensorflow_names.h"

namespace Atoll {
namespace {

constexpr const char* kAverage = "/ExponentialMovingAverage";

// "a/kernel" of "a/kernel/RMSProp_1"; what is kept beside a variable has the variable's name before its own.
std::string owner_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

}  // namespace

Graph with_tensorflow_weights(const Graph& graph, std::span<const NamedTensor> tensors,
                              const TensorflowOptions& options) {
  std::unordered_set<std::string> names, scalars;  // no layer has a scalar; optimizers count in them
  for (const NamedTensor& tensor : tensors) (tensor.shape.rank() == 0 ? scalars : names).insert(tensor.name);
  const auto namer = format::TensorflowNamer::recognise(graph, tensors);
  if (!namer)
    fail(
        "the checkpoint's names are not known: there is no '…/stem/conv2d/kernel' or '…/mnas_stem/conv2d/kernel' as in "
        "Google's EfficientNets and MnasNets, nor 'MobilenetV1/Conv2d_0/weights' or 'MobilenetV2/Conv/weights' (…V3, "
        "MobilenetEdgeTPU) as in slim; its first is '{}'",
        tensors.empty() ? "(none)" : tensors[0].name);
  const auto chosen = [&](const std::string& variable) {
    return options.averages && names.contains(variable + kAverage) ? variable + kAverage : variable;
  };
  const auto source_of = [&](const std::string& constant) -> std::optional<std::string> {
    const std::optional<std::string> variable = namer->source_of(constant);
    return variable ? std::optional(chosen(*variable)) : std::nullopt;
  };
  std::unordered_set<std::string> known;  // the network's variables
  for (const Tensor& tensor : graph.tensors)
    if (const auto variable = tensor.constant ? namer->source_of(tensor.name) : std::nullopt) known.insert(*variable);
  const auto is_auxiliary = [&](const std::string& tensor) {
    return scalars.contains(tensor) || known.contains(tensor) || known.contains(owner_of(tensor)) ||
           names.contains(owner_of(tensor));
  };
  return format::fill_weights(
      graph, tensors, {.layout = format::WeightLayout::kTensorflow, .of = source_of, .is_auxiliary = is_auxiliary});
}

Graph load_tensorflow_weights(const Graph& graph, const std::filesystem::path& path, const TensorflowOptions& options) {
  return with_tensorflow_weights(graph, read_tensorflow_checkpoint(path), options);
}

}  // namespace Atoll
