// Conv, in all its forms: grouped, depthwise, dilated.
#include "format/onnx/import_ops.h"
#include "format/onnx/window.h"

namespace Atoll::format {

void import_conv(Importer& to, const OnnxNode& node) {
  const Value x = to.as_map(node, to.real_input(node));
  const OnnxTensor& w = to.needed(node, 1);
  if (!w.is_real() || w.shape.rank() != 4 || w.shape.elements() == 0)
    node.reject(fmt::format("its weights are {}, but should be [out, in, h, w]", w.shape.str()));
  const Shape& in = to.held(x);
  const std::int64_t groups = node.integer("group", 1);
  if (groups < 1 || groups > kMaxWindow) node.reject(fmt::format("{} groups are out of range", groups));
  const Window window = window_of(node, in, {w.shape[2], w.shape[3]}, size_of(node, "dilations"));
  const bool depthwise = groups == in.c() && groups > 1 && w.shape[1] == 1 && w.shape[0] % groups == 0;
  std::vector<TensorId> inputs = {x.id, to.add_constant(w, depthwise ? Order{1, 2, 3, 0} : Order{0, 2, 3, 1})};
  if (node.has_input(2)) inputs.push_back(to.add_constant(to.needed(node, 2), {0}));
  const Padding padding = window.padding;
  if (depthwise) {
    const auto multiplier = static_cast<int>(w.shape[0] / groups);
    to.set(node, DepthwiseConv2D{window.stride, window.dilation, padding, Activation::kNone, multiplier},
           std::move(inputs), map_order());
  } else {
    to.set(node, Conv2D{window.stride, window.dilation, padding, Activation::kNone, static_cast<int>(groups)},
           std::move(inputs), map_order());
  }
}

}  // namespace Atoll::format
