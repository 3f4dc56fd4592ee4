// The sliding windows of Conv and the pools: strides, dilations, and every way in which ONNX pads.
#pragma once

#include <array>

#include "atoll/op.h"
#include "format/limits.h"
#include "format/onnx/model.h"

namespace Atoll::format {

struct Window {
  Size2D filter, stride, dilation;
  Padding padding;
  bool hangs_over = false;  // ceil_mode made room for a last window that reaches beyond the padding
};

// An attribute of two sizes, 1x1 where it is missing.
Size2D size_of(const OnnxNode& node, const char* attribute);

// The window of `filter` over an input of shape `x` (NHWC), with the node's strides and padding. Padding that equals
// TensorFlow's SAME or VALID is called so. Throws Error for sizes that are out of range.
Window window_of(const OnnxNode& node, const Shape& x, std::array<std::int64_t, 2> filter, Size2D dilation);

}  // namespace Atoll::format
