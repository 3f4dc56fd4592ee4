#include <algorithm>

#include "atoll/error.h"
#include "prune/channels.h"

namespace Atoll {
namespace {

using Indices = std::vector<std::int64_t>;

// The values whose index along `axis` is in `kept`.
Tensor cut(const Tensor& tensor, int axis, const Indices& kept) {
  if (std::ssize(kept) == tensor.shape[axis]) return tensor;
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= tensor.shape[i];
  for (int i = axis + 1; i < tensor.shape.rank(); ++i) inner *= tensor.shape[i];
  Tensor result = tensor;
  result.shape[axis] = std::ssize(kept);
  if (tensor.data.empty()) return result;
  const std::span<const float> from = tensor.data.as<float>();
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(result.elements()));
  for (std::int64_t o = 0; o < outer; ++o)
    for (const std::int64_t k : kept) {
      const auto row =
          from.subspan(static_cast<std::size_t>((o * tensor.shape[axis] + k) * inner), static_cast<std::size_t>(inner));
      values.insert(values.end(), row.begin(), row.end());
    }
  result.data = Data::of(values);
  return result;
}

class Cutter {
 public:
  Cutter(const Graph& graph, const ChannelMap& map, const std::vector<bool>& removed)
      : graph_(graph), map_(map), removed_(removed), result_(graph) {}

  Graph run() {
    for (std::size_t id = 0; id < map_.first.size(); ++id) {
      if (map_.first[id] < 0 || graph_.tensors[id].shape.rank() == 0) continue;
      const Indices kept = kept_of(static_cast<TensorId>(id));
      if (kept.empty()) fail("all channels of '{}' would be removed", graph_.tensors[id].name);
      Tensor& tensor = result_.tensors[id];
      const int last = tensor.shape.rank() - 1;
      if (tensor.constant)
        tensor = cut(tensor, last, kept);
      else
        tensor.shape[last] = std::ssize(kept);
    }
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) cut_node(graph_.nodes[n], result_.nodes[n]);
    infer_all_shapes(result_);
    verify(result_);
    return std::move(result_);
  }

 private:
  Indices kept_of(TensorId id) const {
    const std::int64_t first = map_.first[static_cast<std::size_t>(id)];
    Indices kept;
    for (std::int64_t c = 0; c < pruning::last_dimension(graph_.tensor(id)); ++c)
      if (!removed_[static_cast<std::size_t>(first + c)]) kept.push_back(c);
    return kept;
  }
  void cut_constant(const Node& node, std::size_t input, int axis, const Indices& kept) {
    if (input >= node.inputs.size() || node.inputs[input] == kNoTensor) return;
    Tensor& tensor = result_.tensor(node.inputs[input]);
    tensor = cut(tensor, axis, kept);
  }

  void cut_node(const Node& node, Node& out) {
    if (pruning::has_channels(node.op) && !pruning::is_grouped(node.op)) {
      const Indices made = kept_of(node.outputs[0]);
      const bool depthwise = std::holds_alternative<DepthwiseConv2D>(node.op);
      cut_constant(node, 1, depthwise ? 3 : 0, made);
      cut_constant(node, 2, 0, made);
      if (!depthwise) cut_constant(node, 1, graph_.tensor(node.inputs[1]).shape.rank() - 1, read_by(node));
    } else if (std::holds_alternative<BatchNorm>(node.op)) {
      for (std::size_t i = 1; i < node.inputs.size(); ++i) cut_constant(node, i, 0, kept_of(node.inputs[0]));
    } else if (auto* pad = std::get_if<Pad>(&out.op)) {
      const std::int64_t before = pad->before.back(), inside = pruning::last_dimension(graph_.tensor(node.inputs[0]));
      const Indices kept = kept_of(node.outputs[0]);
      pad->before.back() = std::count_if(kept.begin(), kept.end(), [&](std::int64_t c) { return c < before; });
      pad->after.back() = std::count_if(kept.begin(), kept.end(), [&](std::int64_t c) { return c >= before + inside; });
    } else if (auto* reshape = std::get_if<Reshape>(&out.op)) {
      if (reshape->shape.rank() > 0) reshape->shape[reshape->shape.rank() - 1] = std::ssize(kept_of(node.outputs[0]));
    }
  }

  // The inputs that a layer still has; a fully connected one may read h * w * c values of a map.
  Indices read_by(const Node& node) const {
    const Indices kept = kept_of(node.inputs[0]);
    const std::int64_t wide = graph_.tensor(node.inputs[1]).shape.back();
    const std::int64_t width = pruning::last_dimension(graph_.tensor(node.inputs[0]));
    Indices result;
    for (std::int64_t block = 0; block < wide; block += width)
      for (const std::int64_t c : kept) result.push_back(block + c);
    return result;
  }

  const Graph& graph_;
  const ChannelMap& map_;
  const std::vector<bool>& removed_;
  Graph result_;
};

}  // namespace

Graph without_channels(const Graph& graph, const ChannelMap& map, const std::vector<bool>& removed) {
  if (std::ssize(removed) != map.elements || map.first.size() != graph.tensors.size())
    fail("the map of channels belongs to another network than '{}'", graph.name);
  return Cutter(graph, map, removed).run();
}

}  // namespace Atoll
