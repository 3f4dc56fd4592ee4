// Channels as disjoint sets: every index of the last dimension of every tensor is an element, each op unites
// the elements that must go together, and pins those that must stay.
#include <algorithm>
#include <map>
#include <numeric>

#include "atoll/error.h"
#include "prune/channels.h"

namespace Atoll {
namespace pruning {

bool has_channels(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

bool is_grouped(const Op& op) {
  const auto* conv = std::get_if<Conv2D>(&op);
  return conv != nullptr && conv->groups > 1;
}

std::int64_t last_dimension(const Tensor& tensor) { return tensor.shape.rank() == 0 ? 1 : tensor.shape.back(); }

}  // namespace pruning

namespace {

using pruning::last_dimension;

class Sets {
 public:
  explicit Sets(std::int64_t size) : parent_(static_cast<std::size_t>(size)), pinned_(parent_.size(), false) {
    std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
  }
  std::int64_t root(std::int64_t i) {
    while (parent_[at(i)] != i) i = parent_[at(i)] = parent_[at(parent_[at(i)])];
    return i;
  }
  void unite(std::int64_t a, std::int64_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (b < a) std::swap(a, b);  // the first element is the root
    parent_[at(b)] = a;
    pinned_[at(a)] = pinned_[at(a)] || pinned_[at(b)];
  }
  void pin(std::int64_t i) { pinned_[at(root(i))] = true; }
  bool pinned(std::int64_t i) { return pinned_[at(root(i))]; }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  std::vector<std::int64_t> parent_;
  std::vector<bool> pinned_;
};

// Activations, and constants that elementwise ops read; not the parameters of layers.
std::vector<std::int64_t> number_elements(const Graph& graph, std::int64_t& count) {
  std::vector<std::int64_t> first(graph.tensors.size(), -1);
  const auto number = [&](TensorId id) {
    if (id == kNoTensor || first[static_cast<std::size_t>(id)] >= 0) return;
    first[static_cast<std::size_t>(id)] = count;
    count += last_dimension(graph.tensor(id));
  };
  for (const TensorId id : graph.inputs) number(id);
  for (const Node& node : graph.nodes) {
    const bool parameters = pruning::has_channels(node.op) || std::holds_alternative<BatchNorm>(node.op);
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (i == 0 || !parameters) number(node.inputs[i]);
    for (const TensorId id : node.outputs) number(id);
  }
  return first;
}

class Tracer {
 public:
  explicit Tracer(const Graph& graph)
      : graph_(graph), first_(number_elements(graph, count_)), sets_(count_), uses_(uses_of(graph)) {}

  ChannelMap run() {
    for (const TensorId id : graph_.inputs) pin_all(id);
    for (const TensorId id : graph_.outputs) pin_all(id);
    for (const Node& node : graph_.nodes) {
      std::visit([&](const auto& op) { trace(op, node); }, node.op);
      pin_shared(node);
    }
    return {first_, groups(), count_};
  }

 private:
  std::int64_t element(TensorId id, std::int64_t channel) const {
    return first_[static_cast<std::size_t>(id)] + channel;
  }
  std::int64_t width(TensorId id) const { return last_dimension(graph_.tensor(id)); }
  void pin_all(TensorId id) {
    for (std::int64_t c = 0; c < width(id); ++c) sets_.pin(element(id, c));
  }
  void pin_node(const Node& node) {
    for (const TensorId id : node.inputs)
      if (id != kNoTensor && first_[static_cast<std::size_t>(id)] >= 0) pin_all(id);
    for (const TensorId id : node.outputs) pin_all(id);
  }
  void tie(TensorId x, TensorId y) {
    for (std::int64_t c = 0; c < width(y); ++c) sets_.unite(element(x, c), element(y, c));
  }

  // A constant that several layers read cannot be cut for one of them.
  void pin_shared(const Node& node) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const TensorId id = node.inputs[i];
      if (id == kNoTensor || !graph_.tensor(id).constant || uses_.consumers[static_cast<std::size_t>(id)].size() < 2)
        continue;
      if (first_[static_cast<std::size_t>(id)] >= 0) pin_all(id);
      if (i > 0) pin_node(node);
    }
  }

  void trace(const Conv2D& op, const Node& node) {
    if (op.groups > 1 || !graph_.tensor(node.inputs[1]).constant) pin_node(node);
  }
  void trace(const DepthwiseConv2D& op, const Node& node) {
    if (!graph_.tensor(node.inputs[1]).constant) pin_node(node);
    for (std::int64_t c = 0; c < width(node.outputs[0]); ++c)
      sets_.unite(element(node.inputs[0], c / op.multiplier), element(node.outputs[0], c));
  }
  void trace(const FullyConnected&, const Node& node) {
    const Tensor& weights = graph_.tensor(node.inputs[1]);
    if (!weights.constant || weights.shape.back() % width(node.inputs[0]) != 0) pin_node(node);
  }
  void trace(const Add&, const Node& node) { trace_elementwise(node); }
  void trace(const Sub&, const Node& node) { trace_elementwise(node); }
  void trace(const Mul&, const Node& node) { trace_elementwise(node); }
  void trace_elementwise(const Node& node) {
    const TensorId y = node.outputs[0];
    for (const TensorId x : node.inputs) {
      if (width(x) == width(y))
        tie(x, y);
      else
        pin_all(x);  // one value, spread over all channels
    }
  }
  void trace(const Concatenation& op, const Node& node) {
    const TensorId y = node.outputs[0];
    const int rank = graph_.tensor(y).shape.rank(), axis = op.axis < 0 ? op.axis + rank : op.axis;
    std::int64_t at = 0;
    for (const TensorId x : node.inputs) {
      if (axis != rank - 1) {
        tie(x, y);
        continue;
      }
      for (std::int64_t c = 0; c < width(x); ++c) sets_.unite(element(x, c), element(y, at + c));
      at += width(x);
    }
  }
  void trace(const Mean& op, const Node& node) {
    const int rank = graph_.tensor(node.inputs[0]).shape.rank();
    const bool over_channels =
        std::any_of(op.axes.begin(), op.axes.end(), [&](int axis) { return axis == rank - 1 || axis == -1; });
    if (over_channels)
      pin_node(node);
    else
      tie(node.inputs[0], node.outputs[0]);
  }
  void trace(const Pad& op, const Node& node) {
    for (std::int64_t c = 0; c < width(node.inputs[0]); ++c)
      sets_.unite(element(node.inputs[0], c), element(node.outputs[0], op.before.back() + c));
  }
  // Leading dimensions may be rearranged, and the last ones run together: h * w * c values keep c in step.
  void trace(const Reshape&, const Node& node) {
    const TensorId x = node.inputs[0], y = node.outputs[0];
    const Shape& from = graph_.tensor(x).shape;
    std::int64_t tail = 1;
    for (int i = from.rank(); i-- > 0 && tail < width(y);) tail *= from[i];
    if (tail != width(y)) return pin_node(node);
    for (std::int64_t c = 0; c < width(y); ++c) sets_.unite(element(x, c % width(x)), element(y, c));
  }
  void trace(const Transpose& op, const Node& node) {
    if (op.permutation.empty() || op.permutation.back() != static_cast<int>(op.permutation.size()) - 1)
      pin_node(node);
    else
      tie(node.inputs[0], node.outputs[0]);
  }
  void trace(const Softmax&, const Node& node) { pin_node(node); }
  void trace(const Opaque&, const Node& node) { pin_node(node); }
  void trace(const AveragePool2D&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const MaxPool2D&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Relu&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Relu6&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const HardSwish&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Swish&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Sigmoid&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Tanh&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const HardSigmoid&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Quantize&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Dequantize&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const BatchNorm&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }
  void trace(const Dropout&, const Node& node) { tie(node.inputs[0], node.outputs[0]); }

  // Sets that have elements of the same tensors, and as many, are one group.
  std::vector<ChannelGroup> groups() {
    std::map<std::int64_t, std::vector<std::int64_t>> members;  // by root, so in the order of first elements
    std::map<std::int64_t, std::vector<TensorId>> signature;
    for (std::size_t id = 0; id < first_.size(); ++id) {
      if (first_[id] < 0) continue;
      for (std::int64_t c = 0; c < last_dimension(graph_.tensors[id]); ++c) {
        const std::int64_t e = first_[id] + c, root = sets_.root(e);
        if (sets_.pinned(e)) continue;
        members[root].push_back(e);
        signature[root].push_back(static_cast<TensorId>(id));
      }
    }
    std::map<std::vector<TensorId>, std::size_t> number;
    std::vector<ChannelGroup> result;
    for (auto& [root, elements] : members) {
      const auto [found, is_new] = number.emplace(signature[root], result.size());
      if (is_new) result.push_back({name_of_maker(signature[root]), {}});
      result[found->second].sets.push_back(std::move(elements));
    }
    return result;
  }

  std::string name_of_maker(const std::vector<TensorId>& tensors) const {
    for (const Node& node : graph_.nodes)
      if (pruning::has_channels(node.op) && std::binary_search(tensors.begin(), tensors.end(), node.outputs[0]))
        return node.name;
    return graph_.tensor(tensors.front()).name;
  }

  const Graph& graph_;
  std::int64_t count_ = 0;
  std::vector<std::int64_t> first_;
  Sets sets_;
  const Uses uses_;
};

}  // namespace

ChannelMap channel_map(const Graph& graph) { return Tracer(graph).run(); }

}  // namespace Atoll
