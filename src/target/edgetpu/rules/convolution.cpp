// CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED.
#include <fmt/format.h>

#include "format/opaque_options.h"
#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

std::optional<std::string> dilation_value(Size2D dilation) {
  if (dilation.h == dilation.w) return std::nullopt;
  return fmt::format("dilation is {} in y and {} in x", dilation.h, dilation.w);
}

std::optional<std::string> dilation(const OpView& op) {
  if (const auto* conv = op.as<Conv2D>()) return dilation_value(conv->dilation);
  if (const auto* conv = op.as<DepthwiseConv2D>()) return dilation_value(conv->dilation);
  return std::nullopt;
}

std::optional<std::string> groups(const OpView& op) {
  const auto* conv = op.as<Conv2D>();
  if (conv == nullptr || conv->groups == 1) return std::nullopt;
  return fmt::format("the convolution has {} groups", conv->groups);
}

std::optional<std::string> constant_weights(const OpView& op) {
  const Tensor* weights = op.input(1);
  if (weights == nullptr || weights->constant) return std::nullopt;
  return fmt::format("the weights '{}' are computed", weights->name);
}

std::optional<std::string> integer_weights(const OpView& op) {
  const Tensor* weights = op.input(1);
  if (weights == nullptr || !weights->constant) return std::nullopt;
  const DType type = op.dtype(*weights);
  if (type == DType::kInt8 || type == DType::kUInt8) return std::nullopt;
  return fmt::format("the weights '{}' are {}", weights->name, Atoll::name_of(type));
}

// Atoll reads a layer with shuffled weights as an op that it does not know.
std::optional<std::string> weights_format(const OpView& op) {
  const auto* opaque = op.as<Opaque>();
  constexpr int kFormat = 1;  // its place among FullyConnectedOptions
  const std::int64_t format = opaque == nullptr ? 0 : opaque_options::number(*opaque, kFormat, 1, 0);
  if (format == 0) return std::nullopt;
  return fmt::format("the weights have format {}", format);
}

std::optional<std::string> one_row(const OpView& op) {
  const Tensor* out = op.output();
  if (out == nullptr || out->shape.rank() == 0 || out->shape.elements() == out->shape.back()) return std::nullopt;
  return fmt::format("the output has shape {}", out->shape.str());
}

const Rule kDilation = {"dilation", "dilation is the same in x and y", "use the same dilation in x and y",
                        MapStatus::kUnspecifiedLimitation, dilation};
const Rule kConstantWeights = {"constant-weights", "weights are constants",
                               "make the weights constants of the network (freeze it before conversion)",
                               MapStatus::kUnspecifiedLimitation, constant_weights};
const Rule kIntegerWeights = {"weight-type", "weights are int8 or uint8",
                              "quantize weights and activations (atoll quantize --scheme int8)",
                              MapStatus::kUnsupportedDataType, integer_weights};

}  // namespace

std::span<const OpRules> convolution_rules() {
  static const std::vector<OpRules> kRules = {
      {"CONV_2D",
       5,
       {kDilation,
        {"groups", "the convolution has one group",
         "split the channels (SPLIT), convolve each part and concatenate, or use an ordinary or a depthwise "
         "convolution",
         MapStatus::kUnspecifiedLimitation, groups},
        kConstantWeights,
        kIntegerWeights}},
      {"DEPTHWISE_CONV_2D", 6, {kDilation, kConstantWeights, kIntegerWeights}},
      {"TRANSPOSE_CONV", 3, {kConstantWeights, kIntegerWeights}},
      {"FULLY_CONNECTED",
       9,
       {kConstantWeights,
        kIntegerWeights,
        {"weights-format", "the weights have the default format (0)",
         "convert the model again without shuffled weights", MapStatus::kUnspecifiedLimitation, weights_format},
        {"one-row", "the output is one vector", "apply it to one vector, or use a 1x1 CONV_2D over the rows",
         MapStatus::kUnspecifiedLimitation, one_row}}},
  };
  return kRules;
}

}  // namespace Atoll::edgetpu
