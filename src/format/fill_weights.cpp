#include "format/fill_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "atoll/error.h"

namespace Atoll::format {
namespace {

// What stood in the way, by name.
struct Complaints {
  std::vector<std::string> missing, surplus, misshapen;

  bool none() const { return missing.empty() && surplus.empty() && misshapen.empty(); }
  static std::string list(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 8;
    const std::vector<std::string> shown(names.begin(),
                                         names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
    std::string text = fmt::format("{}", fmt::join(shown, ", "));
    if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
    return text;
  }
  [[noreturn]] void raise(const std::string& graph) const {
    std::string text = fmt::format("the weights do not fit '{}'", graph);
    if (!missing.empty()) text += fmt::format("; missing: {}", list(missing));
    if (!misshapen.empty()) text += fmt::format("; of another shape: {}", list(misshapen));
    if (!surplus.empty()) text += fmt::format("; left over: {}", list(surplus));
    fail("{}", text);
  }
};

// What a constant is to the op that reads it.
enum class Role { kConv, kDepthwise, kFullyConnected, kVector };

Role role_of(const Node& node, std::size_t input) {
  if (input != 1) return Role::kVector;
  if (std::holds_alternative<Conv2D>(node.op)) return Role::kConv;
  if (std::holds_alternative<DepthwiseConv2D>(node.op)) return Role::kDepthwise;
  return std::holds_alternative<FullyConnected>(node.op) ? Role::kFullyConnected : Role::kVector;
}

int multiplier_of(const Node& node) {
  const auto* depthwise = std::get_if<DepthwiseConv2D>(&node.op);
  return depthwise == nullptr ? 1 : std::max(1, depthwise->multiplier);
}

// The shape that the makers give a constant of `wanted` shape.
Shape foreign_shape(WeightLayout layout, const Node& node, Role role, const Shape& wanted) {
  const bool pytorch = layout == WeightLayout::kPytorch;
  switch (role) {
    case Role::kVector: return wanted;
    case Role::kFullyConnected: return pytorch ? wanted : Shape{wanted[1], wanted[0]};
    case Role::kConv:
      return pytorch ? Shape{wanted[0], wanted[3], wanted[1], wanted[2]}
                     : Shape{wanted[1], wanted[2], wanted[3], wanted[0]};
    case Role::kDepthwise: break;
  }
  const std::int64_t multiplier = multiplier_of(node);
  return pytorch ? Shape{wanted[3], 1, wanted[1], wanted[2]}
                 : Shape{wanted[1], wanted[2], wanted[3] / multiplier, multiplier};
}

// Some write a 1x1 convolution as a fully connected layer, or the other way round.
Shape without_ones(const Shape& shape) {
  std::vector<std::int64_t> dims;
  for (const std::int64_t dim : shape)
    if (dim != 1) dims.push_back(dim);
  return Shape(dims);
}

bool fits(const Shape& given, const Shape& wanted, Role role) {
  const bool one_by_one = given.rank() != wanted.rank() && (role == Role::kConv || role == Role::kFullyConnected);
  return given == wanted || (one_by_one && without_ones(given) == without_ones(wanted));
}

// [rows, columns] to [columns, rows].
std::vector<float> transposed(std::span<const float> values, std::size_t columns) {
  std::vector<float> result(values.size());
  const std::size_t rows = columns == 0 ? 0 : values.size() / columns;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = values[r * columns + c];
  return result;
}

// [out, in, h, w] to [out, h, w, in].
std::vector<float> channels_last(std::span<const float> values, std::size_t out, std::size_t in) {
  std::vector<float> result;
  result.reserve(values.size());
  const std::size_t filter = values.size() / out;
  for (std::size_t o = 0; o < out; ++o) {
    const std::vector<float> one = transposed(values.subspan(o * filter, filter), filter / in);
    result.insert(result.end(), one.begin(), one.end());
  }
  return result;
}

// The columns of a fully connected layer that reads a map: PyTorch flattens channel by channel, NHWC pixel by pixel.
void reorder_columns(const Shape& map, std::vector<float>& weights) {
  const auto taps = static_cast<std::size_t>(map.h() * map.w()), channels = static_cast<std::size_t>(map.c());
  std::vector<float> row(taps * channels);
  for (std::size_t start = 0; start + row.size() <= weights.size(); start += row.size()) {
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t t = 0; t < taps; ++t) row[t * channels + c] = weights[start + c * taps + t];
    std::copy(row.begin(), row.end(), weights.begin() + static_cast<std::ptrdiff_t>(start));
  }
}

Data data_of(WeightLayout layout, Role role, const Shape& wanted, const Shape& x, const NamedTensor& tensor) {
  const auto dim = [&](int i) { return static_cast<std::size_t>(wanted[i]); };
  if (layout == WeightLayout::kTensorflow) {
    // The outputs run fastest; TFLite's depthwise layout is TensorFlow's.
    const bool moved = role == Role::kConv || role == Role::kFullyConnected;
    return Data::of(moved ? transposed(tensor.values, dim(0)) : tensor.values);
  }
  if (role == Role::kConv) return Data::of(channels_last(tensor.values, dim(0), dim(3)));
  if (role == Role::kDepthwise) return Data::of(transposed(tensor.values, dim(1) * dim(2)));
  std::vector<float> values = tensor.values;
  if (role == Role::kFullyConnected && x.rank() == 4 && x.h() * x.w() != 1) reorder_columns(x, values);
  return Data::of(values);
}

}  // namespace

Graph fill_weights(const Graph& graph, std::span<const NamedTensor> tensors, const WeightSources& sources) {
  std::unordered_map<std::string, const NamedTensor*> by_name;
  for (const NamedTensor& tensor : tensors) by_name[tensor.name] = &tensor;

  Graph result = graph;
  Complaints complaints;
  for (const Node& node : result.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor) continue;
      Tensor& constant = result.tensor(node.inputs[i]);
      if (!constant.constant || !constant.data.empty()) continue;
      const std::optional<std::string> source = sources.of(constant.name);
      const auto found = source ? by_name.find(*source) : by_name.end();
      if (found == by_name.end()) {
        complaints.missing.push_back(source ? fmt::format("{} ({})", *source, constant.name) : constant.name);
        continue;
      }
      const Role role = role_of(node, i);
      const Shape wanted = foreign_shape(sources.layout, node, role, constant.shape);
      if (fits(found->second->shape, wanted, role))
        constant.data =
            data_of(sources.layout, role, constant.shape, graph.tensor(node.inputs[0]).shape, *found->second);
      else
        complaints.misshapen.push_back(
            fmt::format("{} {} instead of {}", *source, found->second->shape.str(), wanted.str()));
      by_name.erase(found);
    }
  }
  for (const auto& [name, tensor] : by_name)
    if (!sources.is_auxiliary(name)) complaints.surplus.push_back(name);
  std::sort(complaints.surplus.begin(), complaints.surplus.end());
  if (!complaints.none()) complaints.raise(graph.name);
  verify(result);
  return result;
}

}  // namespace Atoll::format
