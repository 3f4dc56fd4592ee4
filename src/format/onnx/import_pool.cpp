// Pooling over windows, and over the whole map.
#include "format/onnx/import_ops.h"
#include "format/onnx/window.h"

namespace Atoll::format {

void import_pool(Importer& to, const OnnxNode& node) {
  const bool most = node.type == "MaxPool";
  const Value x = to.as_map(node, most ? to.input(node) : to.real_input(node));
  const Shape& in = to.held(x);
  const Size2D filter = size_of(node, "kernel_shape");
  if (!(size_of(node, "dilations") == Size2D{})) node.reject("dilated pooling is not supported");
  const Window window = window_of(node, in, {filter.h, filter.w}, {});
  if (most) {
    to.set(node, MaxPool2D{.filter = filter, .stride = window.stride, .padding = window.padding}, {x.id}, map_order());
    return;
  }
  const Size2D size{static_cast<int>(in.h()), static_cast<int>(in.w())};
  const PadAmount pads = pad_amount(window.padding, size, filter, window.stride);
  const bool padded = pads.top + pads.bottom + pads.left + pads.right > 0;
  AveragePool2D op{.filter = filter, .stride = window.stride, .padding = window.padding};
  op.count_padding = padded && node.integer("count_include_pad", 0) != 0;
  if (op.count_padding) {
    if (window.hangs_over) node.reject("ceil_mode with windows that reach beyond a counted padding is not supported");
    op.padding = {Padding::Kind::kExplicit, pads.top, pads.bottom, pads.left, pads.right};
  }
  to.set(node, op, {x.id}, map_order());
}

void import_global_pool(Importer& to, const OnnxNode& node) {
  const bool most = node.type == "GlobalMaxPool";
  const Value x = to.as_map(node, most ? to.input(node) : to.real_input(node));
  if (!most) {
    to.set(node, Mean{.axes = {1, 2}, .keep_dims = true}, {x.id}, map_order());
    return;
  }
  const Shape& in = to.held(x);
  if (in.h() > kMaxWindow || in.w() > kMaxWindow) node.reject("a map of " + in.str() + " is out of range");
  const Size2D all{static_cast<int>(in.h()), static_cast<int>(in.w())};
  to.set(node, MaxPool2D{.filter = all, .stride = {1, 1}, .padding = Padding::valid()}, {x.id}, map_order());
}

}  // namespace Atoll::format
