// An NCHW network converted op by op has a transpose before and after each. Here transposes sink through ops that
// do not care for the order of dimensions until they meet their inverse, and both go.
#include <algorithm>
#include <numeric>
#include <optional>

#include "target/fix/passes.h"

namespace Atoll::fix {
namespace {

using Permutation = std::vector<int>;

bool is_identity(const Permutation& p) {
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] != static_cast<int>(i)) return false;
  return true;
}

Permutation inverse_of(const Permutation& p) {
  Permutation inverse(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) inverse[static_cast<std::size_t>(p[i])] = static_cast<int>(i);
  return inverse;
}

Shape permuted(const Shape& shape, const Permutation& p) {
  Shape result;
  for (const int axis : p) result.push_back(shape[axis]);
  return result;
}

// Moving dimensions of size one past others moves no data.
bool moves_only_ones(const Shape& shape, const Permutation& p) {
  int last = -1;
  for (const int axis : p) {
    if (shape[axis] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

// The op as it works on what the permutation p will be applied to afterwards; nothing for one that cares.
std::optional<Op> moved_before(const Op& op, const Permutation& p) {
  const auto rank = static_cast<int>(p.size());
  const auto old_axis = [&](int axis) { return p[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)]; };
  if (std::holds_alternative<Add>(op) || std::holds_alternative<Sub>(op) || std::holds_alternative<Mul>(op) ||
      std::holds_alternative<Relu>(op) || std::holds_alternative<Relu6>(op) || std::holds_alternative<HardSwish>(op) ||
      std::holds_alternative<Swish>(op) || std::holds_alternative<Sigmoid>(op) || std::holds_alternative<Tanh>(op) ||
      std::holds_alternative<HardSigmoid>(op) || std::holds_alternative<Quantize>(op) ||
      std::holds_alternative<Dequantize>(op))
    return op;
  if (const auto* concat = std::get_if<Concatenation>(&op)) {
    Concatenation result = *concat;
    result.axis = old_axis(concat->axis);
    return result;
  }
  if (const auto* pad = std::get_if<Pad>(&op)) {
    Pad result = *pad;
    for (std::size_t i = 0; i < p.size(); ++i) {
      result.before[static_cast<std::size_t>(p[i])] = pad->before[i];
      result.after[static_cast<std::size_t>(p[i])] = pad->after[i];
    }
    return result;
  }
  if (const auto* mean = std::get_if<Mean>(&op)) {
    Mean result = *mean;
    for (int& axis : result.axes) axis = old_axis(axis);
    std::sort(result.axes.begin(), result.axes.end());
    return result;
  }
  return std::nullopt;
}

// Whether the dimensions that are left when `reduced` ones (before the permutation) go stay in their order.
bool keeps_order(const Permutation& p, const std::vector<int>& reduced) {
  int last = -1;
  for (const int axis : p) {
    if (std::find(reduced.begin(), reduced.end(), axis) != reduced.end()) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

// Goes through the nodes once, from the inputs on: what sank meets its inverse further down.
class Canceller {
 public:
  explicit Canceller(Graph& graph)
      : graph_(graph), old_(std::move(graph.nodes)), alias_(graph.tensors.size()), maker_(graph.tensors.size(), -1) {
    std::iota(alias_.begin(), alias_.end(), 0);
    graph_.nodes.clear();
  }

  void run() {
    for (Node& node : old_) {
      for (TensorId& id : node.inputs)
        if (id != kNoTensor) id = alias_[static_cast<std::size_t>(id)];
      if (std::holds_alternative<Transpose>(node.op))
        transpose(std::move(node));
      else if (!sink(node))
        emit(std::move(node));
    }
    graph_ = prune_unused(graph_);
  }

 private:
  void emit(Node node) {
    for (const TensorId id : node.outputs) maker_[static_cast<std::size_t>(id)] = static_cast<int>(graph_.nodes.size());
    graph_.add_node(std::move(node));
  }
  const Node* transpose_that_made(TensorId id) const {
    const int maker = id == kNoTensor ? -1 : maker_[static_cast<std::size_t>(id)];
    if (maker < 0) return nullptr;
    const Node& node = graph_.nodes[static_cast<std::size_t>(maker)];
    return std::holds_alternative<Transpose>(node.op) && only_moves(node) ? &node : nullptr;
  }
  bool only_moves(const Node& node) const {
    return graph_.tensor(node.inputs[0]).quantization == graph_.tensor(node.outputs[0]).quantization;
  }
  static const Permutation& permutation_of(const Node& node) { return std::get<Transpose>(node.op).permutation; }

  // A transpose of a transpose is one, or none; one that moves no data is a reshape.
  void transpose(Node node) {
    if (!only_moves(node)) {
      emit(std::move(node));
      return;
    }
    Permutation p = permutation_of(node);
    if (const Node* before = transpose_that_made(node.inputs[0])) {
      for (int& axis : p) axis = permutation_of(*before)[static_cast<std::size_t>(axis)];
      node.inputs[0] = before->inputs[0];
    }
    const TensorId source = node.inputs[0], out = node.outputs[0];
    if (is_identity(p) && takes_over(source, out)) {
      alias_[static_cast<std::size_t>(out)] = source;
      return;
    }
    if (moves_only_ones(graph_.tensor(source).shape, p))
      node.op = Reshape{.shape = graph_.tensor(out).shape};
    else
      node.op = Transpose{p};
    emit(std::move(node));
  }

  // Whether `source` can be what `out` was; an output of the graph keeps its name.
  bool takes_over(TensorId source, TensorId out) {
    const auto is_in = [](const std::vector<TensorId>& ids, TensorId id) {
      return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    if (!is_in(graph_.outputs, out)) return true;
    if (is_in(graph_.inputs, source) || is_in(graph_.outputs, source) || graph_.tensor(source).constant) return false;
    graph_.tensor(source).name = graph_.tensor(out).name;
    std::replace(graph_.outputs.begin(), graph_.outputs.end(), out, source);
    return true;
  }

  // The permutation that all of the node's transposed inputs share, where every other input can follow it.
  std::optional<Permutation> shared_permutation(const Node& node) const {
    std::optional<Permutation> shared;
    for (const TensorId id : node.inputs) {
      const Node* transpose = transpose_that_made(id);
      if (transpose == nullptr) continue;
      if (shared && *shared != permutation_of(*transpose)) return std::nullopt;
      shared = permutation_of(*transpose);
    }
    if (!shared || node.outputs.size() != 1) return std::nullopt;
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor) return std::nullopt;
      if (transpose_that_made(id) == nullptr && !unpermuted(graph_.tensor(id), *shared)) return std::nullopt;
    }
    return shared;
  }

  // A constant as it is before the permutation: a single value, or values along one dimension (a channel's each).
  static std::optional<Tensor> unpermuted(const Tensor& tensor, const Permutation& p) {
    if (tensor.elements() == 1) return tensor;
    if (!tensor.constant || tensor.quantization.per_channel()) return std::nullopt;
    const auto rank = static_cast<int>(p.size());
    if (tensor.shape.rank() > rank) return std::nullopt;
    Shape shape;  // as it is broadcast: with ones in front
    for (int i = tensor.shape.rank(); i < rank; ++i) shape.push_back(1);
    for (const std::int64_t dim : tensor.shape) shape.push_back(dim);
    const Permutation back = inverse_of(p);
    if (!moves_only_ones(shape, back)) return std::nullopt;
    Tensor result = tensor;
    result.shape = permuted(shape, back);
    return result;
  }

  TensorId add(Tensor tensor) {
    const TensorId id = graph_.add_tensor(std::move(tensor));
    alias_.push_back(id);
    maker_.push_back(-1);
    return id;
  }

  bool sink(Node& node) {
    const std::optional<Permutation> p = shared_permutation(node);
    const std::optional<Op> op = p ? moved_before(node.op, *p) : std::nullopt;
    if (!op) return false;
    const auto* mean = std::get_if<Mean>(&*op);
    const bool fewer_dimensions = mean != nullptr && !mean->keep_dims;
    if (fewer_dimensions && !keeps_order(*p, mean->axes)) return false;
    for (TensorId& id : node.inputs) {
      const Node* transpose = transpose_that_made(id);
      if (transpose != nullptr)
        id = transpose->inputs[0];
      else if (Tensor constant = *unpermuted(graph_.tensor(id), *p); !(constant.shape == graph_.tensor(id).shape))
        id = add(std::move(constant));
    }
    node.op = *op;
    if (fewer_dimensions) {  // what is left comes in the order in which it came before
      emit(std::move(node));
      return true;
    }
    const TensorId out = node.outputs[0];
    Tensor before = graph_.tensor(out);
    before.name += "/untransposed";
    before.shape = permuted(before.shape, inverse_of(*p));
    node.outputs = {add(std::move(before))};
    Node after{.name = node.name + "/transposed", .op = Transpose{*p}, .inputs = node.outputs, .outputs = {out}};
    emit(std::move(node));
    emit(std::move(after));
    return true;
  }

  Graph& graph_;
  std::vector<Node> old_;
  std::vector<TensorId> alias_;  // what a tensor became whose transpose went
  std::vector<int> maker_;       // of each tensor, among the nodes written so far
};

std::size_t transposes_in(const Graph& graph) {
  return static_cast<std::size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    return std::holds_alternative<Transpose>(node.op);
  }));
}

}  // namespace

void cancel_transposes(Graph& graph, Notes& notes) {
  const std::size_t before = transposes_in(graph);
  if (before == 0) return;
  Graph fewer = graph;
  Canceller(fewer).run();
  const std::size_t after = transposes_in(fewer);
  if (after < before) {
    graph = std::move(fewer);
    notes.done.push_back(plural(before - after, "transpose") + " went, of " + std::to_string(before));
  }
  if (after > 0)
    notes.left.push_back(plural(after, "transpose") + (after == 1 ? " stays" : " stay") +
                         ": an input or output is NCHW, or an op between needs that order");
}

}  // namespace Atoll::fix
