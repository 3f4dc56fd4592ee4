// Ops that move bytes without computing: concatenation, slicing, padding, resizing, reshaping.
#include <fmt/format.h>

#include <algorithm>

#include "format/opaque_options.h"
#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

bool all_zero_point(const Tensor& tensor) {
  // Real zero is the zero point in quantized bytes, and 0 in float.
  if (tensor.dtype == DType::kFloat32) {
    const auto values = tensor.data.as<float>();
    return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0f; });
  }
  const std::int32_t zero = tensor.quantization.zero_point.empty() ? 0 : tensor.quantization.zero_point[0];
  if (tensor.dtype == DType::kInt8) {
    const auto values = tensor.data.as<std::int8_t>();
    return std::all_of(values.begin(), values.end(), [&](std::int8_t v) { return v == zero; });
  }
  const auto values = tensor.data.as<std::uint8_t>();
  return std::all_of(values.begin(), values.end(), [&](std::uint8_t v) { return v == zero; });
}

std::optional<std::string> concat_activation(const OpView& op) {
  const auto* concat = op.as<Concatenation>();
  if (concat == nullptr || concat->activation == Activation::kNone) return std::nullopt;
  return fmt::format("the fused activation is {}", Atoll::name_of(concat->activation));
}

std::optional<std::string> concat_constant(const OpView& op) {
  for (std::size_t i = 0; i < op.input_count(); ++i) {
    const Tensor* tensor = op.input(i);
    if (tensor == nullptr || !tensor->constant) continue;
    if (op.input_count() != 2)
      return fmt::format("input '{}' is a constant and there are {} inputs", tensor->name, op.input_count());
    if (!all_zero_point(*tensor)) return fmt::format("the constant input '{}' is not all zeros", tensor->name);
  }
  return std::nullopt;
}

// The options of ops that Atoll does not run, by their place in TFLite's schema.
constexpr int kPackAxis = 1, kStridedSliceEllipsis = 2, kStridedSliceNewAxis = 3;

bool is_batch_axis(std::int64_t axis, const Tensor* tensor) {
  return tensor != nullptr && tensor->shape.rank() >= 4 && (axis == 0 || axis == -tensor->shape.rank());
}

std::optional<std::string> pack_batch(const OpView& op) {
  const auto* opaque = op.as<Opaque>();
  if (opaque == nullptr) return std::nullopt;
  const std::int64_t axis = opaque_options::number(*opaque, kPackAxis, sizeof(std::int32_t), 0);
  if (!is_batch_axis(axis, op.output())) return std::nullopt;
  return fmt::format("it packs along axis {}, the batch", axis);
}

std::optional<std::string> split_batch(const OpView& op) {  // axis, x
  const Tensor *axis = op.input(0), *x = op.input(1);
  if (axis == nullptr || !axis->constant || axis->dtype != DType::kInt32 || axis->data.empty()) return std::nullopt;
  if (!is_batch_axis(axis->data.as<std::int32_t>()[0], x)) return std::nullopt;
  return fmt::format("it splits along axis {}, the batch", axis->data.as<std::int32_t>()[0]);
}

// Of a shape, what is left when the ones in front go.
std::vector<std::int64_t> without_leading_ones(const Shape& shape) {
  const auto* first = std::find_if(shape.begin(), shape.end(), [](std::int64_t dim) { return dim != 1; });
  return {first, shape.end()};
}

std::optional<std::string> squeeze_leading(const OpView& op) {
  const Tensor *x = op.input(0), *out = op.output();
  if (x == nullptr || out == nullptr || without_leading_ones(x->shape) == without_leading_ones(out->shape))
    return std::nullopt;
  return fmt::format("it makes {} of {}", out->shape.str(), x->shape.str());
}

std::optional<std::string> slice_strides(const OpView& op) {  // x, begin, end, strides
  const Tensor* strides = op.input(3);
  if (strides == nullptr) return std::nullopt;
  if (!strides->constant) return "the strides are computed";
  if (strides->dtype != DType::kInt32) return std::nullopt;
  for (const std::int32_t stride : strides->data.as<std::int32_t>())
    if (stride != 1) return fmt::format("a stride is {}", stride);
  return std::nullopt;
}

std::optional<std::string> slice_masks(const OpView& op) {
  const auto* opaque = op.as<Opaque>();
  if (opaque == nullptr) return std::nullopt;
  const auto mask = [&](int field) { return opaque_options::number(*opaque, field, sizeof(std::int32_t), 0); };
  if (mask(kStridedSliceEllipsis) == 0 && mask(kStridedSliceNewAxis) == 0) return std::nullopt;
  return fmt::format("the ellipsis mask is {} and the new-axis mask {}", mask(kStridedSliceEllipsis),
                     mask(kStridedSliceNewAxis));
}

std::optional<std::string> pad_batch(const OpView& op) {
  const auto* pad = op.as<Pad>();
  if (pad == nullptr || pad->before.size() < 4) return std::nullopt;
  if (pad->before[0] == 0 && pad->after[0] == 0) return std::nullopt;
  return fmt::format("the batch is padded by {} and {}", pad->before[0], pad->after[0]);
}

// The compiler maps resizing of some sizes only; in published networks enlarging by 2 to 8 maps, and by 15 or
// more does not.
constexpr std::int64_t kResizeFactorLimit = 8;

std::optional<std::string> resize_rank(const OpView& op) {
  const Tensor* x = op.activation();
  if (x == nullptr || x->shape.rank() == 4 || x->shape.rank() == 3) return std::nullopt;
  return fmt::format("the input has shape {}", x->shape.str());
}

std::optional<std::string> resize_size(const OpView& op) {
  const Tensor *x = op.activation(), *out = op.output();
  if (x == nullptr || out == nullptr || x->shape.rank() != 4 || out->shape.rank() != 4) return std::nullopt;
  if (out->shape.h() <= x->shape.h() * kResizeFactorLimit && out->shape.w() <= x->shape.w() * kResizeFactorLimit)
    return std::nullopt;
  return fmt::format("it resizes {} to {}", x->shape.str(), out->shape.str());
}

const Rule kPadBatch = {"pad-batch", "the batch dimension is not padded", "pad rows, columns or channels only",
                        MapStatus::kUnspecifiedLimitation, pad_batch};
const Rule kResizeRank = {"resize-rank", "the input has rows, columns and channels",
                          "reshape to [1, rows, columns, channels]", MapStatus::kUnspecifiedLimitation, resize_rank};
const Rule kResizeSize = {"resize-size", "rows and columns grow by at most 8",
                          "resize in several steps, or end the network before it and resize on the CPU",
                          MapStatus::kUnspecifiedLimitation, resize_size};

}  // namespace

std::span<const OpRules> shape_rules() {
  static const std::vector<OpRules> kRules = {
      {"CONCATENATION",
       3,
       {{"concat-activation", "no activation is fused into it", "apply the activation as an op of its own after it",
         MapStatus::kUnspecifiedLimitation, concat_activation},
        {"concat-constant", "a constant input is all zeros and one of exactly two inputs",
         "pad with PAD instead, or add the constant another way", MapStatus::kUnspecifiedLimitation, concat_constant}}},
      {"EXPAND_DIMS", 1, {}},
      {"PACK",
       3,
       {{"pack-batch", "the batch dimension is not packed", "pack along rows, columns or channels, or concatenate",
         MapStatus::kUnspecifiedLimitation, pack_batch}}},
      {"PAD", 3, {kPadBatch}},
      {"PADV2", 3, {kPadBatch}},
      {"RESHAPE", 1, {}},
      {"RESIZE_BILINEAR", 4, {kResizeRank, kResizeSize}},
      {"RESIZE_NEAREST_NEIGHBOR", 4, {kResizeRank, kResizeSize}},
      {"SLICE", 4, {}},
      {"SPACE_TO_DEPTH", 2, {}},
      {"SPLIT",
       4,
       {{"split-batch", "the batch dimension is not split", "split along rows, columns or channels",
         MapStatus::kUnspecifiedLimitation, split_batch}}},
      {"SQUEEZE",
       2,
       {{"squeeze-leading", "only leading dimensions of size one go, so that no data moves",
         "reshape the tensor at the end of the network, or keep the dimension of size one",
         MapStatus::kUnspecifiedLimitation, squeeze_leading}}},
      {"STRIDED_SLICE",
       6,
       {{"slice-strides", "every stride is 1", "slice with strides of 1, or use a convolution or pooling with a stride",
         MapStatus::kUnspecifiedLimitation, slice_strides},
        {"slice-masks", "the ellipsis mask and the new-axis mask are 0",
         "write the slice with a begin and an end for every dimension, without tf.newaxis and '...'",
         MapStatus::kUnspecifiedLimitation, slice_masks}}},
      {"TILE", 2, {}},  // not in the documentation, but in a published executable
      {"TRANSPOSE", 5, {}},
  };
  return kRules;
}

}  // namespace Atoll::edgetpu
