// One function for each op of a Graph, by families.
#pragma once

#include "format/onnx/exporter.h"

namespace Atoll::format {

// export_layers.cpp
void export_op(Exporter& to, const Node& node, const Conv2D& op);
void export_op(Exporter& to, const Node& node, const DepthwiseConv2D& op);
void export_op(Exporter& to, const Node& node, const FullyConnected& op);
// export_arithmetic.cpp
void export_op(Exporter& to, const Node& node, const Add& op);
void export_op(Exporter& to, const Node& node, const Sub& op);
void export_op(Exporter& to, const Node& node, const Mul& op);
// export_pools.cpp
void export_op(Exporter& to, const Node& node, const AveragePool2D& op);
void export_op(Exporter& to, const Node& node, const MaxPool2D& op);
void export_op(Exporter& to, const Node& node, const Mean& op);
// export_shape.cpp
void export_op(Exporter& to, const Node& node, const Concatenation& op);
void export_op(Exporter& to, const Node& node, const Pad& op);
void export_op(Exporter& to, const Node& node, const Reshape& op);
void export_op(Exporter& to, const Node& node, const Transpose& op);
// export_activations.cpp
void export_op(Exporter& to, const Node& node, const Softmax& op);
void export_op(Exporter& to, const Node& node, const Relu& op);
void export_op(Exporter& to, const Node& node, const Relu6& op);
void export_op(Exporter& to, const Node& node, const HardSwish& op);
void export_op(Exporter& to, const Node& node, const Swish& op);
void export_op(Exporter& to, const Node& node, const Sigmoid& op);
void export_op(Exporter& to, const Node& node, const Tanh& op);
void export_op(Exporter& to, const Node& node, const HardSigmoid& op);
void export_op(Exporter& to, const Node& node, const Quantize& op);
void export_op(Exporter& to, const Node& node, const Dequantize& op);
// write_onnx.cpp: these have no form in a file.
void export_op(Exporter& to, const Node& node, const BatchNorm& op);
void export_op(Exporter& to, const Node& node, const Dropout& op);
void export_op(Exporter& to, const Node& node, const Opaque& op);

// "kernel_shape", "strides", "pads" and, where it is not 1x1, "dilations" of a window over `x` ([n, h, w, c]).
OnnxAttributes window_attributes(const Shape& x, Size2D filter, Size2D stride, Size2D dilation, const Padding& padding);

}  // namespace Atoll::format
