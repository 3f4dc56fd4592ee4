// Named tensors into a network whose constants have the same names and layouts.
#include <algorithm>
#include <map>
#include <set>

#include "atoll/error.h"
#include "atoll/pytorch.h"
#include "atoll/tensorflow.h"
#include "atoll/weights.h"
#include "base/file.h"
#include "format/float_conversion.h"

namespace Atoll {
namespace {

// "; 2 missing: a, b"; empty where there is nothing to list.
std::string listed(const std::vector<std::string>& names, const char* what) {
  constexpr std::size_t kMost = 20;
  if (names.empty()) return "";
  const std::size_t shown = std::min(names.size(), kMost);
  std::string text = fmt::format("; {} {}: {}", names.size(), what,
                                 fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

bool can_become(const Tensor& given, const Tensor& wanted) {
  const bool widened = given.dtype == DType::kFloat16 && wanted.dtype == DType::kFloat32;
  return given.shape == wanted.shape && (given.dtype == wanted.dtype || widened);
}

// As PyTorch's names and layouts are read elsewhere; counters and other integers have no place there.
std::vector<NamedTensor> floats_of(const std::vector<Tensor>& tensors) {
  std::vector<NamedTensor> result;
  for (const Tensor& tensor : tensors) {
    if (tensor.dtype != DType::kFloat32 && tensor.dtype != DType::kFloat16) continue;
    const Data data = tensor.dtype == DType::kFloat32 ? tensor.data : format::float16_to_float32(tensor.data);
    const std::span<const float> values = data.as<float>();
    result.push_back({tensor.name, tensor.shape, {values.begin(), values.end()}});
  }
  return result;
}

Graph load_safetensors(const Graph& graph, const std::filesystem::path& path) {
  const std::vector<Tensor> tensors = read_safetensors(read_file(path), path.string());
  std::set<std::string> names;
  for (const Tensor& tensor : tensors) names.insert(tensor.name);
  const bool own_names = std::any_of(graph.tensors.begin(), graph.tensors.end(), [&](const Tensor& tensor) {
    return tensor.constant && names.contains(tensor.name);
  });
  if (!own_names)
    if (const std::vector<NamedTensor> foreign = floats_of(tensors); recognise(foreign))
      return with_pytorch_weights(graph, foreign);
  return with_weights(graph, tensors, path.string());
}

}  // namespace

Graph with_weights(const Graph& graph, const std::vector<Tensor>& weights, const std::string& source) {
  std::map<std::string, const Tensor*> by_name;
  for (const Tensor& tensor : weights) by_name[tensor.name] = &tensor;
  Graph result = graph;
  std::vector<std::string> missing, surplus, misshaped;
  std::set<std::string> used;
  for (Tensor& tensor : result.tensors) {
    if (!tensor.constant) continue;
    const auto found = by_name.find(tensor.name);
    if (found == by_name.end()) {
      missing.push_back(tensor.name);
      continue;
    }
    used.insert(tensor.name);
    const Tensor& given = *found->second;
    if (can_become(given, tensor))
      tensor.data = given.dtype == tensor.dtype ? given.data : format::float16_to_float32(given.data);
    else
      misshaped.push_back(fmt::format("{} is {} {} instead of {} {}", tensor.name, name_of(given.dtype),
                                      given.shape.str(), name_of(tensor.dtype), tensor.shape.str()));
  }
  for (const Tensor& tensor : weights)
    if (!used.contains(tensor.name)) surplus.push_back(tensor.name);
  const std::string problems =
      listed(missing, "missing") + listed(surplus, "surplus") + listed(misshaped, "mis-shaped");
  if (!problems.empty()) fail("the weights in '{}' do not fit '{}'{}", source, graph.name, problems);
  return result;
}

Graph load_weights(const Graph& graph, const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".safetensors") return load_safetensors(graph, path);
  if (extension == ".pth" || extension == ".pt") return load_pytorch_weights(graph, path);
  if (is_tensorflow_checkpoint(path)) return load_tensorflow_weights(graph, path);
  if (extension == ".ckpt") read_tensorflow_checkpoint(path);  // says what is wrong with it
  fail(
      "weights cannot be read from '{}': it should be a .safetensors, .pth or .pt file, or a TensorFlow checkpoint "
      "('X' for X.index and its data files)",
      path.string());
}

}  // namespace Atoll
