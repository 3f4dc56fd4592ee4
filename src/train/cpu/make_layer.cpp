#include "atoll/error.h"
#include "train/cpu/layers.h"

namespace Atoll::training::cpu {
namespace {

using training::Function;
using Made = std::unique_ptr<Layer>;

struct Maker {
  const LayerSpec& spec;
  const LayerContext& context;

  Made operator()(const Conv2D& op) const { return make_convolution(op, spec, context); }
  Made operator()(const DepthwiseConv2D& op) const { return make_depthwise(op, spec, context); }
  Made operator()(const FullyConnected&) const { return make_fully_connected(spec, context); }
  Made operator()(const Add&) const { return make_arithmetic(Arithmetic::kAdd, spec, context); }
  Made operator()(const Sub&) const { return make_arithmetic(Arithmetic::kSub, spec, context); }
  Made operator()(const Mul&) const { return make_arithmetic(Arithmetic::kMul, spec, context); }
  Made operator()(const Concatenation& op) const { return make_concatenation(op, spec, context); }
  Made operator()(const AveragePool2D& op) const { return make_average_pool(op, spec, context); }
  Made operator()(const MaxPool2D& op) const { return make_max_pool(op, spec, context); }
  Made operator()(const Mean& op) const { return make_mean(op, spec, context); }
  Made operator()(const Pad& op) const { return make_pad(op, spec, context); }
  Made operator()(const Reshape&) const { return make_reshape(spec, context); }
  Made operator()(const Transpose& op) const { return make_transpose(op, spec, context); }
  Made operator()(const Relu&) const { return make_function(Function::kRelu, spec, context); }
  Made operator()(const Relu6&) const { return make_function(Function::kRelu6, spec, context); }
  Made operator()(const HardSwish&) const { return make_function(Function::kHardSwish, spec, context); }
  Made operator()(const Swish&) const { return make_function(Function::kSwish, spec, context); }
  Made operator()(const Sigmoid&) const { return make_function(Function::kSigmoid, spec, context); }
  Made operator()(const Tanh&) const { return make_function(Function::kTanh, spec, context); }
  Made operator()(const HardSigmoid&) const { return make_function(Function::kHardSigmoid, spec, context); }
  Made operator()(const BatchNorm& op) const { return make_batch_norm(op, spec, context); }
  Made operator()(const Dropout& op) const { return make_dropout(op, spec, context); }
  Made operator()(const Softmax&) const { return refuse("only the last node may be a Softmax"); }
  Made operator()(const Quantize&) const {
    if (spec.inputs.size() == 2) return make_fake_quantize(spec, context);
    return refuse("train the float network and quantize it afterwards");
  }
  Made operator()(const Dequantize&) const { return refuse("train the float network and quantize it afterwards"); }
  Made operator()(const Opaque&) const { return refuse("Atoll does not know this op"); }

  [[noreturn]] Made refuse(const char* reason) const {
    fail("{} '{}' cannot be trained: {}", name_of(spec.node->op), spec.node->name, reason);
  }
};

}  // namespace

std::unique_ptr<Layer> make_layer(const LayerSpec& spec, const LayerContext& context) {
  if (spec.clamps) return make_clamp(spec.activation, spec, context);
  return std::visit(Maker{spec, context}, spec.node->op);
}

}  // namespace Atoll::training::cpu
