#include "format/tflite_read_ops.h"

#include <algorithm>

#include "atoll/error.h"

namespace Atoll::format {
namespace {

using Source = OperatorSource;
using Result = std::optional<Op>;
using Builtin = tflite::BuiltinOperator;

std::optional<Activation> activation_of(tflite::ActivationFunctionType type) {
  switch (type) {
    case tflite::ActivationFunctionType::NONE: return Activation::kNone;
    case tflite::ActivationFunctionType::RELU: return Activation::kRelu;
    case tflite::ActivationFunctionType::RELU6: return Activation::kRelu6;
    case tflite::ActivationFunctionType::RELU_N1_TO_1: return Activation::kReluN1To1;
    default: return std::nullopt;
  }
}

std::optional<Padding> padding_of(tflite::Padding padding) {
  if (padding == tflite::Padding::SAME) return Padding::same();
  if (padding == tflite::Padding::VALID) return Padding::valid();
  return std::nullopt;
}

bool is_integer_activation(DType type) {
  return type == DType::kInt8 || type == DType::kUInt8 || type == DType::kInt16;
}

// A tensor that flows between ops: float32, or an integer with one scale.
bool is_activation(const Tensor& tensor) {
  if (tensor.dtype == DType::kFloat32) return true;
  return is_integer_activation(tensor.dtype) && tensor.quantization.scale.size() == 1;
}

bool one_in_one_out(const Source& s) {
  return s.has_input(0) && is_activation(s.input(0)) && s.output().dtype == s.input(0).dtype &&
         is_activation(s.output());
}

bool all_inputs_alike(const Source& s) {
  return one_in_one_out(s) && std::all_of(s.inputs.begin(), s.inputs.end(), [&](TensorId id) {
           return id != kNoTensor && is_activation(s.tensor(id)) && s.tensor(id).dtype == s.output().dtype;
         });
}

// Moving data needs no scale: only that it stays what it was.
bool moves_data(const Source& s) {
  const auto known = [](DType type) { return type == DType::kFloat32 || is_integer_activation(type); };
  return s.has_input(0) && known(s.input(0).dtype) && s.output().dtype == s.input(0).dtype;
}

// Weights with their bias: of the right types, quantized along the axis that TFLite's specification names.
bool has_weights(const Source& s, int rank, int channel_axis) {
  if (!one_in_one_out(s) || !s.has_input(1)) return false;
  const Tensor& w = s.input(1);
  const DType x = s.input(0).dtype;
  if (w.shape.rank() != rank) return false;
  const bool eight_bits = w.dtype == DType::kInt8 || w.dtype == DType::kUInt8;
  const bool fits = x == DType::kFloat32 ? w.dtype == DType::kFloat32 || eight_bits
                    : x == DType::kUInt8 ? w.dtype == DType::kUInt8
                                         : w.dtype == DType::kInt8;
  if (!fits || (eight_bits && w.quantization.empty())) return false;
  if (w.quantization.per_channel() && w.quantization.axis != channel_axis) return false;
  if (s.inputs.size() > 3) return false;
  if (!s.has_input(2)) return true;
  const DType bias = s.input(2).dtype;
  if (x == DType::kFloat32) return bias == DType::kFloat32;
  return bias == DType::kInt32 || (bias == DType::kInt64 && x == DType::kInt16);
}

void drop_absent_bias(Source& s) {
  if (s.inputs.size() == 3 && s.inputs[2] == kNoTensor) s.inputs.pop_back();
}

// The values of a small constant of indices.
std::optional<std::vector<std::int64_t>> constant_integers(const Source& s, std::size_t i) {
  constexpr std::int64_t kMost = 2 * Shape::kMaxRank;
  if (!s.has_input(i)) return std::nullopt;
  const Tensor& tensor = s.input(i);
  if (!tensor.constant || tensor.elements() > kMost) return std::nullopt;
  std::vector<std::int64_t> values;
  if (tensor.dtype == DType::kInt32) {
    for (const std::int32_t value : tensor.data.as<std::int32_t>()) values.push_back(value);
  } else if (tensor.dtype == DType::kInt64) {
    for (const std::int64_t value : tensor.data.as<std::int64_t>()) values.push_back(value);
  } else {
    return std::nullopt;
  }
  return values;
}

Result conv2d(Source& s) {
  const auto* o = s.source.builtin_options_as_Conv2DOptions();
  if (o == nullptr || !has_weights(s, 4, 0) || s.input(0).shape.rank() != 4) return std::nullopt;
  const auto activation = activation_of(o->fused_activation_function());
  const auto padding = padding_of(o->padding());
  if (!activation || !padding) return std::nullopt;
  Conv2D op{.stride = {o->stride_h(), o->stride_w()},
            .dilation = {o->dilation_h_factor(), o->dilation_w_factor()},
            .padding = *padding,
            .activation = *activation};
  const std::int64_t in = s.input(0).shape.c(), per_group = s.input(1).shape[3];
  if (per_group > 0 && in > 0 && in % per_group == 0) op.groups = static_cast<int>(in / per_group);
  drop_absent_bias(s);
  return op;
}

Result depthwise_conv2d(Source& s) {
  const auto* o = s.source.builtin_options_as_DepthwiseConv2DOptions();
  if (o == nullptr || !has_weights(s, 4, 3) || s.input(0).shape.rank() != 4) return std::nullopt;
  const auto activation = activation_of(o->fused_activation_function());
  const auto padding = padding_of(o->padding());
  if (!activation || !padding) return std::nullopt;
  DepthwiseConv2D op{.stride = {o->stride_h(), o->stride_w()},
                     .dilation = {o->dilation_h_factor(), o->dilation_w_factor()},
                     .padding = *padding,
                     .activation = *activation};
  // The shapes decide, as in TFLite's kernel: old converters left depth_multiplier at 0.
  const std::int64_t in = s.input(0).shape.c(), out = s.input(1).shape[3];
  if (in > 0 && out > 0 && out % in == 0) op.multiplier = static_cast<int>(out / in);
  drop_absent_bias(s);
  return op;
}

Result fully_connected(Source& s) {
  const auto* o = s.source.builtin_options_as_FullyConnectedOptions();
  if (o == nullptr || !has_weights(s, 2, 0)) return std::nullopt;
  const auto activation = activation_of(o->fused_activation_function());
  if (!activation || o->weights_format() != tflite::FullyConnectedOptionsWeightsFormat::DEFAULT) return std::nullopt;
  drop_absent_bias(s);
  return FullyConnected{.activation = *activation, .keep_dims = o->keep_num_dims()};
}

template <typename OpType, typename Options>
Result binary(const Source& s, const Options* o) {
  if (!all_inputs_alike(s) || s.inputs.size() != 2) return std::nullopt;
  const auto activation = o == nullptr ? Activation::kNone : activation_of(o->fused_activation_function());
  if (!activation) return std::nullopt;
  return OpType{.activation = *activation};
}

Result concatenation(const Source& s) {
  const auto* o = s.source.builtin_options_as_ConcatenationOptions();
  if (o == nullptr || !all_inputs_alike(s)) return std::nullopt;
  const auto activation = activation_of(o->fused_activation_function());
  if (!activation) return std::nullopt;
  const int rank = s.output().shape.rank();
  return Concatenation{.axis = o->axis() < 0 ? o->axis() + rank : o->axis(), .activation = *activation};
}

template <typename Pool>
Result pool(const Source& s) {
  const auto* o = s.source.builtin_options_as_Pool2DOptions();
  if (o == nullptr || !one_in_one_out(s) || s.inputs.size() != 1 || s.input(0).shape.rank() != 4) return std::nullopt;
  const auto activation = activation_of(o->fused_activation_function());
  const auto padding = padding_of(o->padding());
  if (!activation || !padding) return std::nullopt;
  Pool op{.filter = {o->filter_height(), o->filter_width()},
          .stride = {o->stride_h(), o->stride_w()},
          .padding = *padding,
          .activation = *activation};
  return op;
}

Result mean(Source& s) {
  const auto axes = constant_integers(s, 1);
  if (!one_in_one_out(s) || s.inputs.size() != 2 || !axes) return std::nullopt;
  const auto* o = s.source.builtin_options_as_ReducerOptions();
  Mean op{.axes = {}, .keep_dims = o != nullptr && o->keep_dims()};
  const int rank = s.input(0).shape.rank();
  for (const std::int64_t axis : *axes) {
    if (axis < -rank || axis >= rank)
      fail("MEAN '{}': axis {} does not exist in {}", s.output().name, axis, s.input(0).shape.str());
    op.axes.push_back(static_cast<int>(axis < 0 ? axis + rank : axis));
  }
  s.inputs.resize(1);
  return op;
}

// The real number that a scalar constant stands for.
std::optional<float> constant_real(const Source& s, std::size_t i) {
  if (!s.has_input(i)) return std::nullopt;
  const Tensor& tensor = s.input(i);
  if (!tensor.constant || tensor.elements() != 1) return std::nullopt;
  if (tensor.dtype == DType::kFloat32) return tensor.data.as<float>()[0];
  if (tensor.quantization.scale.size() != 1) return std::nullopt;
  const auto real = [&](auto q) {
    return tensor.quantization.scale[0] * static_cast<float>(q - tensor.quantization.zero_point[0]);
  };
  if (tensor.dtype == DType::kInt8) return real(tensor.data.as<std::int8_t>()[0]);
  if (tensor.dtype == DType::kUInt8) return real(tensor.data.as<std::uint8_t>()[0]);
  if (tensor.dtype == DType::kInt16) return real(tensor.data.as<std::int16_t>()[0]);
  return std::nullopt;
}

Result pad(Source& s) {
  const bool with_value = s.code == Builtin::PADV2;
  const auto counts = constant_integers(s, 1);
  if (!one_in_one_out(s) || !counts || s.inputs.size() != (with_value ? 3u : 2u)) return std::nullopt;
  const auto rank = static_cast<std::size_t>(s.input(0).shape.rank());
  if (counts->size() != 2 * rank)
    fail("{} '{}': {} padding counts do not fit an input of {}", builtin_name(s.code), s.output().name, counts->size(),
         s.input(0).shape.str());
  Pad op;
  for (std::size_t i = 0; i < rank; ++i) {
    op.before.push_back((*counts)[2 * i]);
    op.after.push_back((*counts)[2 * i + 1]);
  }
  if (with_value) {
    const auto value = constant_real(s, 2);
    if (!value) return std::nullopt;
    op.value = *value;
  }
  s.inputs.resize(1);
  return op;
}

// RESHAPE, SQUEEZE and EXPAND_DIMS: the file declares the output's shape, and a shape known only at run time
// (a tensor that another op computes) is none of ours.
Result reshape(Source& s) {
  if (!moves_data(s)) return std::nullopt;
  if (s.code != Builtin::SQUEEZE && s.inputs.size() > 1) {
    const auto wanted = constant_integers(s, 1);
    if (!wanted) return std::nullopt;
    const Shape& shape = s.output().shape;
    if (s.code == Builtin::RESHAPE) {
      bool fits = wanted->size() == static_cast<std::size_t>(shape.rank());
      for (std::size_t i = 0; fits && i < wanted->size(); ++i)
        fits = (*wanted)[i] == -1 || (*wanted)[i] == shape[static_cast<int>(i)];
      if (!fits)
        fail("RESHAPE '{}' asks for [{}], but its output is declared as {}", s.output().name, fmt::join(*wanted, ", "),
             shape.str());
    }
  }
  s.inputs.resize(1);
  return Reshape{.shape = s.output().shape};
}

Result transpose(Source& s) {
  const auto permutation = constant_integers(s, 1);
  if (!moves_data(s) || s.inputs.size() != 2 || !permutation) return std::nullopt;
  const int rank = s.input(0).shape.rank();
  Transpose op;
  for (const std::int64_t axis : *permutation) {
    if (axis < -rank || axis >= rank)
      fail("TRANSPOSE '{}': axis {} does not exist in {}", s.output().name, axis, s.input(0).shape.str());
    op.permutation.push_back(static_cast<int>(axis < 0 ? axis + rank : axis));
  }
  s.inputs.resize(1);
  return op;
}

Result softmax(const Source& s) {
  const auto* o = s.source.builtin_options_as_SoftmaxOptions();
  if (o == nullptr || !one_in_one_out(s) || s.inputs.size() != 1 || s.input(0).shape.rank() == 0) return std::nullopt;
  return Softmax{.beta = o->beta()};
}

Result elementwise(const Source& s, Op op) {
  if (!one_in_one_out(s) || s.inputs.size() != 1) return std::nullopt;
  return op;
}

Result quantize(const Source& s) {
  if (s.inputs.size() != 1 || !s.has_input(0) || !is_activation(s.input(0))) return std::nullopt;
  if (!is_activation(s.output()) || s.output().dtype == DType::kFloat32) return std::nullopt;
  return Quantize{};
}

Result dequantize(const Source& s) {
  if (s.inputs.size() != 1 || !s.has_input(0) || s.output().dtype != DType::kFloat32) return std::nullopt;
  const Tensor& x = s.input(0);
  const bool integer = is_integer_activation(x.dtype) && !x.quantization.empty();
  if (x.dtype != DType::kFloat16 && !integer) return std::nullopt;
  return Dequantize{};
}

}  // namespace

std::string builtin_name(tflite::BuiltinOperator code) {
  const std::string name = tflite::EnumNameBuiltinOperator(code);
  return name.empty() ? fmt::format("BUILTIN_{}", static_cast<int>(code)) : name;
}

std::optional<Op> read_op(OperatorSource& s) {
  if (s.outputs.size() != 1 || s.outputs[0] == kNoTensor || s.inputs.empty()) return std::nullopt;
  switch (s.code) {
    case Builtin::CONV_2D: return conv2d(s);
    case Builtin::DEPTHWISE_CONV_2D: return depthwise_conv2d(s);
    case Builtin::FULLY_CONNECTED: return fully_connected(s);
    case Builtin::ADD: return binary<Add>(s, s.source.builtin_options_as_AddOptions());
    case Builtin::SUB: return binary<Sub>(s, s.source.builtin_options_as_SubOptions());
    case Builtin::MUL: return binary<Mul>(s, s.source.builtin_options_as_MulOptions());
    case Builtin::CONCATENATION: return concatenation(s);
    case Builtin::AVERAGE_POOL_2D: return pool<AveragePool2D>(s);
    case Builtin::MAX_POOL_2D: return pool<MaxPool2D>(s);
    case Builtin::MEAN: return mean(s);
    case Builtin::PAD:
    case Builtin::PADV2: return pad(s);
    case Builtin::RESHAPE:
    case Builtin::SQUEEZE:
    case Builtin::EXPAND_DIMS: return reshape(s);
    case Builtin::TRANSPOSE: return transpose(s);
    case Builtin::SOFTMAX: return softmax(s);
    case Builtin::RELU: return elementwise(s, Relu{});
    case Builtin::RELU6: return elementwise(s, Relu6{});
    case Builtin::HARD_SWISH: return elementwise(s, HardSwish{});
    case Builtin::LOGISTIC: return elementwise(s, Sigmoid{});
    case Builtin::TANH: return elementwise(s, Tanh{});
    case Builtin::QUANTIZE: return quantize(s);
    case Builtin::DEQUANTIZE: return dequantize(s);
    default: return std::nullopt;
  }
}

}  // namespace Atoll::format
