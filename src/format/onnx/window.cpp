#include "format/onnx/window.h"

#include <algorithm>

namespace Atoll::format {
namespace {

// Along one axis.
struct Along {
  std::int64_t in = 0, filter = 0;  // with dilation
  int stride = 1;
  std::int64_t before = 0, after = 0;
};

void pad_same(Along& a, bool more_before) {
  const std::int64_t out = (a.in + a.stride - 1) / a.stride;
  const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * a.stride + a.filter - a.in);
  a.before = more_before ? total - total / 2 : total / 2;
  a.after = total - a.before;
}

// Room for the last, incomplete window of ceil_mode, unless it would start in the padding behind the input.
bool pad_to_last_window(Along& a) {
  const std::int64_t room = a.in + a.before + a.after - a.filter;
  if (room < 0 || room % a.stride == 0) return false;
  const std::int64_t last = (room / a.stride + 1) * a.stride;
  if (last >= a.in + a.before) return false;
  a.after += last - room;
  return true;
}

}  // namespace

Size2D size_of(const OnnxNode& node, const char* attribute) {
  const std::vector<std::int64_t> values = node.integers(attribute, {1, 1});
  if (values.size() != 2)
    node.reject(fmt::format("{} has {} values, but only two dimensions are supported", attribute, values.size()));
  for (const std::int64_t value : values)
    if (value < 1 || value > kMaxWindow) node.reject(fmt::format("{} of {} is out of range", attribute, value));
  return {static_cast<int>(values[0]), static_cast<int>(values[1])};
}

Window window_of(const OnnxNode& node, const Shape& x, std::array<std::int64_t, 2> filter, Size2D dilation) {
  for (const std::int64_t side : filter)
    if (side < 1 || side > kMaxWindow / std::max(dilation.h, dilation.w))
      node.reject(fmt::format("a {}x{} filter with a dilation of {}x{} is out of range", filter[0], filter[1],
                              dilation.h, dilation.w));
  if (x.h() > kMaxSpatial || x.w() > kMaxSpatial || x.h() < 1 || x.w() < 1)
    node.reject(fmt::format("a map of {}x{} is out of range", x.h(), x.w()));
  const std::vector<std::int64_t> given = node.integers("kernel_shape", {filter[0], filter[1]});
  if (given != std::vector<std::int64_t>{filter[0], filter[1]})
    node.reject(
        fmt::format("kernel_shape is [{}], but the filter is {}x{}", fmt::join(given, ", "), filter[0], filter[1]));
  Window window{.filter = {static_cast<int>(filter[0]), static_cast<int>(filter[1])},
                .stride = size_of(node, "strides"),
                .dilation = dilation};
  Along h{x.h(), (filter[0] - 1) * dilation.h + 1, window.stride.h};
  Along w{x.w(), (filter[1] - 1) * dilation.w + 1, window.stride.w};
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    pad_same(h, automatic == "SAME_LOWER");
    pad_same(w, automatic == "SAME_LOWER");
  } else if (automatic == "NOTSET" || automatic.empty()) {
    const std::vector<std::int64_t> pads = node.integers("pads", {0, 0, 0, 0});
    if (pads.size() != 4) node.reject(fmt::format("pads has {} values, but should have four", pads.size()));
    for (const std::int64_t pad : pads)
      if (pad < 0 || pad > kMaxWindow) node.reject(fmt::format("a padding of {} is out of range", pad));
    h.before = pads[0], w.before = pads[1], h.after = pads[2], w.after = pads[3];
  } else if (automatic != "VALID") {
    node.reject("auto_pad is '" + automatic + "', but should be NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  }
  if (node.integer("ceil_mode", 0) != 0) {
    const bool rows = pad_to_last_window(h), columns = pad_to_last_window(w);
    window.hangs_over = rows || columns;
  }
  window.padding = {Padding::Kind::kExplicit, static_cast<int>(h.before), static_cast<int>(h.after),
                    static_cast<int>(w.before), static_cast<int>(w.after)};
  const PadAmount same = pad_amount(Padding::same(), {static_cast<int>(x.h()), static_cast<int>(x.w())}, window.filter,
                                    window.stride, dilation);
  const Padding& p = window.padding;
  if (same.top == p.top && same.bottom == p.bottom && same.left == p.left && same.right == p.right)
    window.padding = Padding::same();
  else if (p.top == 0 && p.bottom == 0 && p.left == 0 && p.right == 0)
    window.padding = Padding::valid();
  return window;
}

}  // namespace Atoll::format
