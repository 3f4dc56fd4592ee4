#include "format/tflite_write_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "atoll/error.h"
#include "format/tflite_options.h"

namespace Atoll::format {
namespace {

using Builtin = tflite::BuiltinOperator;
using Options = tflite::BuiltinOptions;

tflite::ActivationFunctionType type_of(Activation activation) {
  switch (activation) {
    case Activation::kNone: return tflite::ActivationFunctionType::NONE;
    case Activation::kRelu: return tflite::ActivationFunctionType::RELU;
    case Activation::kRelu6: return tflite::ActivationFunctionType::RELU6;
    case Activation::kReluN1To1: return tflite::ActivationFunctionType::RELU_N1_TO_1;
  }
  return tflite::ActivationFunctionType::NONE;
}

Tensor integers(std::string name, Shape shape, const std::vector<std::int32_t>& values) {
  return {.name = std::move(name), .shape = shape, .dtype = DType::kInt32, .constant = true, .data = Data::of(values)};
}

// `value` as one element of `like`'s type and quantization.
Tensor scalar_like(const Tensor& like, std::string name, float value) {
  Tensor scalar{.name = std::move(name), .shape = {}, .dtype = like.dtype, .constant = true};
  if (like.dtype == DType::kFloat32) {
    scalar.data = Data::of(std::vector<float>{value});
    return scalar;
  }
  if (like.quantization.scale.size() != 1)
    fail("a constant cannot be written like '{}' of {}, which has no scale", like.name, name_of(like.dtype));
  scalar.quantization = like.quantization;
  const auto quantized = [&]<typename T>(T) {
    const double q =
        std::round(static_cast<double>(value) / like.quantization.scale[0]) + like.quantization.zero_point[0];
    const double clamped = std::clamp(q, static_cast<double>(std::numeric_limits<T>::min()),
                                      static_cast<double>(std::numeric_limits<T>::max()));
    scalar.data = Data::of(std::vector<T>{static_cast<T>(clamped)});
  };
  switch (like.dtype) {
    case DType::kInt8: quantized(std::int8_t{}); break;
    case DType::kUInt8: quantized(std::uint8_t{}); break;
    case DType::kInt16: quantized(std::int16_t{}); break;
    default: fail("'{}' of {} cannot be padded in a .tflite file", like.name, name_of(like.dtype));
  }
  return scalar;
}

class Writer {
 public:
  Writer(flatbuffers::FlatBufferBuilder& builder, const Graph& graph, const Node& node)
      : b_(builder), graph_(graph), node_(node) {}

  OperatorParts operator()(const Conv2D& op) const {
    return parts(Builtin::CONV_2D, Options::Conv2DOptions,
                 tflite::CreateConv2DOptions(b_, padding(op.padding), op.stride.w, op.stride.h, type_of(op.activation),
                                             op.dilation.w, op.dilation.h));
  }
  OperatorParts operator()(const DepthwiseConv2D& op) const {
    return parts(Builtin::DEPTHWISE_CONV_2D, Options::DepthwiseConv2DOptions,
                 tflite::CreateDepthwiseConv2DOptions(b_, padding(op.padding), op.stride.w, op.stride.h, op.multiplier,
                                                      type_of(op.activation), op.dilation.w, op.dilation.h));
  }
  OperatorParts operator()(const FullyConnected& op) const {
    return parts(Builtin::FULLY_CONNECTED, Options::FullyConnectedOptions,
                 tflite::CreateFullyConnectedOptions(
                     b_, type_of(op.activation), tflite::FullyConnectedOptionsWeightsFormat::DEFAULT, op.keep_dims));
  }
  // pot_scale_int16 asks for scales that are powers of two, which ours are not.
  OperatorParts operator()(const Add& op) const {
    return parts(Builtin::ADD, Options::AddOptions,
                 tflite::CreateAddOptions(b_, type_of(op.activation), input().dtype != DType::kInt16));
  }
  OperatorParts operator()(const Sub& op) const {
    return parts(Builtin::SUB, Options::SubOptions,
                 tflite::CreateSubOptions(b_, type_of(op.activation), input().dtype != DType::kInt16));
  }
  OperatorParts operator()(const Mul& op) const {
    return parts(Builtin::MUL, Options::MulOptions, tflite::CreateMulOptions(b_, type_of(op.activation)));
  }
  OperatorParts operator()(const Concatenation& op) const {
    return parts(Builtin::CONCATENATION, Options::ConcatenationOptions,
                 tflite::CreateConcatenationOptions(b_, op.axis, type_of(op.activation)));
  }
  OperatorParts operator()(const AveragePool2D& op) const { return pool(Builtin::AVERAGE_POOL_2D, op); }
  OperatorParts operator()(const MaxPool2D& op) const { return pool(Builtin::MAX_POOL_2D, op); }
  OperatorParts operator()(const Mean& op) const {
    OperatorParts result =
        parts(Builtin::MEAN, Options::ReducerOptions, tflite::CreateReducerOptions(b_, op.keep_dims));
    result.attributes = {
        integers(node_.name + "/axes", {static_cast<std::int64_t>(op.axes.size())}, {op.axes.begin(), op.axes.end()})};
    return result;
  }
  OperatorParts operator()(const Pad& op) const {
    std::vector<std::int32_t> counts;
    for (std::size_t i = 0; i < op.before.size(); ++i) {
      counts.push_back(static_cast<std::int32_t>(op.before[i]));
      counts.push_back(static_cast<std::int32_t>(op.after[i]));
    }
    Tensor paddings = integers(node_.name + "/paddings", {static_cast<std::int64_t>(op.before.size()), 2}, counts);
    OperatorParts result;
    if (op.value == 0) {
      result = parts(Builtin::PAD, Options::PadOptions, tflite::CreatePadOptions(b_));
      result.attributes = {std::move(paddings)};
    } else {
      result = parts(Builtin::PADV2, Options::PadV2Options, tflite::CreatePadV2Options(b_));
      result.attributes = {std::move(paddings), scalar_like(input(), node_.name + "/value", op.value)};
    }
    return result;
  }
  OperatorParts operator()(const Reshape& op) const {
    const std::vector<std::int32_t> shape(op.shape.begin(), op.shape.end());
    OperatorParts result =
        parts(Builtin::RESHAPE, Options::ReshapeOptions, tflite::CreateReshapeOptionsDirect(b_, &shape));
    result.attributes = {integers(node_.name + "/shape", {op.shape.rank()}, shape)};
    return result;
  }
  OperatorParts operator()(const Transpose& op) const {
    OperatorParts result = parts(Builtin::TRANSPOSE, Options::TransposeOptions, tflite::CreateTransposeOptions(b_));
    result.attributes = {integers(node_.name + "/permutation", {static_cast<std::int64_t>(op.permutation.size())},
                                  {op.permutation.begin(), op.permutation.end()})};
    return result;
  }
  OperatorParts operator()(const Softmax& op) const {
    return parts(Builtin::SOFTMAX, Options::SoftmaxOptions, tflite::CreateSoftmaxOptions(b_, op.beta));
  }
  OperatorParts operator()(const Relu&) const { return {.code = Builtin::RELU}; }
  OperatorParts operator()(const Relu6&) const { return {.code = Builtin::RELU6}; }
  OperatorParts operator()(const Sigmoid&) const { return {.code = Builtin::LOGISTIC}; }
  OperatorParts operator()(const Tanh&) const { return {.code = Builtin::TANH}; }
  OperatorParts operator()(const HardSwish&) const {
    return parts(Builtin::HARD_SWISH, Options::HardSwishOptions, tflite::CreateHardSwishOptions(b_));
  }
  OperatorParts operator()(const Quantize&) const {
    return parts(Builtin::QUANTIZE, Options::QuantizeOptions, tflite::CreateQuantizeOptions(b_));
  }
  OperatorParts operator()(const Dequantize&) const {
    return parts(Builtin::DEQUANTIZE, Options::DequantizeOptions, tflite::CreateDequantizeOptions(b_));
  }
  OperatorParts operator()(const Opaque& op) const {
    constexpr std::string_view kPrefix = "CUSTOM:";
    if (!op.type.starts_with(kPrefix)) {
      KeptOptions kept = write_kept_options(b_, op.options, op.builtin_code, node_.name, op.type);
      return {.code = static_cast<Builtin>(op.builtin_code),
              .options_type = kept.type,
              .options = kept.options,
              .mutating_variable_inputs = std::move(kept.mutating_variable_inputs)};
    }
    return {.code = Builtin::CUSTOM, .custom_code = op.type.substr(kPrefix.size()), .custom_options = op.options};
  }
  OperatorParts operator()(const BatchNorm&) const { training_form(); }
  OperatorParts operator()(const Dropout&) const { training_form(); }
  OperatorParts operator()(const Swish&) const { not_lowered(); }
  OperatorParts operator()(const HardSigmoid&) const { not_lowered(); }

 private:
  const Tensor& input() const { return graph_.tensor(node_.inputs[0]); }

  template <typename T>
  OperatorParts parts(Builtin code, Options type, flatbuffers::Offset<T> options) const {
    return {.code = code, .options_type = type, .options = options.Union()};
  }
  template <typename Pool>
  OperatorParts pool(Builtin code, const Pool& op) const {
    return parts(code, Options::Pool2DOptions,
                 tflite::CreatePool2DOptions(b_, padding(op.padding), op.stride.w, op.stride.h, op.filter.w,
                                             op.filter.h, type_of(op.activation)));
  }
  tflite::Padding padding(const Padding& padding) const {
    if (padding.kind == Padding::Kind::kExplicit) not_lowered();
    return padding.kind == Padding::Kind::kSame ? tflite::Padding::SAME : tflite::Padding::VALID;
  }
  [[noreturn]] void training_form() const {
    fail("{} '{}' exists in training only: fold the network into its inference form before writing a .tflite file",
         name_of(node_.op), node_.name);
  }
  [[noreturn]] void not_lowered() const {
    fail("{} '{}' has no form of its own in a .tflite file", name_of(node_.op), node_.name);
  }

  flatbuffers::FlatBufferBuilder& b_;
  const Graph& graph_;
  const Node& node_;
};

}  // namespace

OperatorParts write_op(flatbuffers::FlatBufferBuilder& builder, const Graph& graph, const Node& node) {
  return std::visit(Writer(builder, graph, node), node.op);
}

}  // namespace Atoll::format
