#include "format/limits.h"

#include "atoll/error.h"
#include "graph/dynamic_shape.h"

namespace Atoll::format {
namespace {

constexpr double kMaxMacs = 1e18;

bool known(const Graph& graph, const Node& node, std::size_t input) {
  return input < node.inputs.size() && node.inputs[input] >= 0 &&
         node.inputs[input] < static_cast<TensorId>(graph.tensors.size());
}

class WindowCheck {
 public:
  WindowCheck(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  void operator()(const Conv2D& op) const { weighted(op.stride, op.dilation, op.padding); }
  void operator()(const DepthwiseConv2D& op) const { weighted(op.stride, op.dilation, op.padding); }
  void operator()(const AveragePool2D& op) const { check(op.filter.h, op.filter.w, op.stride, {}, op.padding); }
  void operator()(const MaxPool2D& op) const { check(op.filter.h, op.filter.w, op.stride, {}, op.padding); }
  void operator()(const Pad& op) const {
    for (const auto* counts : {&op.before, &op.after})
      for (const std::int64_t count : *counts)
        if (count < 0 || count > kMaxSpatial) fail("Pad '{}': a padding of {} is out of range", node_.name, count);
  }
  void operator()(const auto&) const {}

 private:
  void weighted(Size2D stride, Size2D dilation, const Padding& padding) const {
    if (!known(graph_, node_, 1)) return;
    const Shape& weights = graph_.tensor(node_.inputs[1]).shape;
    if (weights.rank() == 4) check(weights[1], weights[2], stride, dilation, padding);
  }
  void check(std::int64_t h, std::int64_t w, Size2D stride, Size2D dilation, const Padding& padding) const {
    if (!known(graph_, node_, 0)) return;
    const Shape& x = graph_.tensor(node_.inputs[0]).shape;
    if (x.rank() != 4) return;
    along(x.h(), h, stride.h, dilation.h);
    along(x.w(), w, stride.w, dilation.w);
    for (const int pad : {padding.top, padding.bottom, padding.left, padding.right})
      if (pad < 0 || pad > kMaxWindow)
        fail("{} '{}': a padding of {} is out of range", name_of(node_.op), node_.name, pad);
  }
  void along(std::int64_t in, std::int64_t filter, std::int64_t stride, std::int64_t dilation) const {
    const bool filter_fits = filter >= 1 && filter <= kMaxWindow && dilation >= 1 && dilation <= kMaxWindow / filter;
    if (in > kMaxSpatial || stride < 1 || stride > kMaxWindow || !filter_fits)
      fail("{} '{}': a filter of {}, stride of {} and dilation of {} over {} pixels are out of range",
           name_of(node_.op), node_.name, filter, stride, dilation, in);
  }

  const Graph& graph_;
  const Node& node_;
};

// No less than the multiply-accumulates of the node.
double most_macs(const Graph& graph, const Node& node) {
  if (std::holds_alternative<Opaque>(node.op) || !known(graph, node, 1) || node.outputs.empty()) return 0;
  const TensorId out = node.outputs[0];
  if (out < 0 || out >= static_cast<TensorId>(graph.tensors.size())) return 0;
  return static_cast<double>(graph.tensor(out).elements()) *
         static_cast<double>(graph.tensor(node.inputs[1]).elements());
}

}  // namespace

void check_open_shape(const Shape& shape, const std::string& tensor_name) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : shape)
    if (dim != kDynamic && (dim < 0 || __builtin_mul_overflow(elements, dim, &elements) || elements > kMaxElements))
      fail("tensor '{}' has an impossible shape {}", tensor_name, shape.str());
}

void check_shape(const Shape& shape, const std::string& tensor_name) {
  check_open_shape(shape, tensor_name);
  for (const std::int64_t dim : shape)
    if (dim < 0) fail("tensor '{}' has an impossible shape {}", tensor_name, shape.str());
}

void check_ranges(const Graph& graph) {
  for (const Tensor& tensor : graph.tensors)
    tensor.constant ? check_shape(tensor.shape, tensor.name) : check_open_shape(tensor.shape, tensor.name);
  double macs = 0;
  for (const Node& node : graph.nodes) {
    std::visit(WindowCheck(graph, node), node.op);
    macs += most_macs(graph, node);
  }
  if (macs > kMaxMacs) fail("no real network has {:.1e} multiply-accumulates", macs);
}

}  // namespace Atoll::format
