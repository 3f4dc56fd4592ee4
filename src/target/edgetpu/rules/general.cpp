// Rules that every op must keep, and advice for what the chip does not have.
#include <fmt/format.h>

#include "graph/dynamic_shape.h"
#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

bool is_8bit(DType type) { return type == DType::kInt8 || type == DType::kUInt8; }

// QUANTIZE may read float, which is a rule of its own; computed weights and shapes are too.
std::optional<std::string> data_type(const OpView& op) {
  if (op.as<Quantize>() != nullptr) return std::nullopt;
  for (const Tensor* tensor : op.activations())
    if (!is_8bit(op.dtype(*tensor)))
      return fmt::format("tensor '{}' is {}", tensor->name, Atoll::name_of(op.dtype(*tensor)));
  return std::nullopt;
}

std::optional<std::string> static_shape(const OpView& op) {
  for (const Tensor* tensor : op.activations())
    if (is_dynamic(tensor->shape))
      return fmt::format("tensor '{}' has shape {}, where -1 is known only at run time", tensor->name,
                         tensor->shape.str());
  return std::nullopt;
}

std::optional<std::string> batch(const OpView& op) {
  for (const Tensor* tensor : op.activations())
    if (tensor->shape.rank() == 4 && tensor->shape[0] != 1)
      return fmt::format("tensor '{}' has a batch of {}", tensor->name, tensor->shape[0]);
  return std::nullopt;
}

std::optional<std::string> rank(const OpView& op) {
  for (const Tensor* tensor : op.activations())
    for (int i = 0; i + 3 < tensor->shape.rank(); ++i)
      if (tensor->shape[i] != 1) return fmt::format("tensor '{}' has shape {}", tensor->name, tensor->shape.str());
  return std::nullopt;
}

}  // namespace

std::span<const Rule> type_rules() {
  static const std::vector<Rule> kRules = {
      {"data-type", "activations are int8 or uint8",
       "quantize the whole network to int8 (atoll quantize --scheme int8), its inputs and outputs too",
       MapStatus::kUnsupportedDataType, data_type},
      {"static-shape", "every dimension is known at compile time",
       "give the model a fixed input shape with a batch of 1 when exporting it (in Keras batch_size=1 and a full shape "
       "in the Input layer), and take no shape from a tensor",
       MapStatus::kUnspecifiedLimitation, static_shape},
  };
  return kRules;
}

std::span<const Rule> shape_rules_of_all() {
  static const std::vector<Rule> kRules = {
      {"batch", "the batch is 1", "export with a batch of 1 (atoll check --fix -o F does it)",
       MapStatus::kUnspecifiedLimitation, batch},
      {"rank", "at most the three innermost dimensions are above 1",
       "reshape so that the data lies in the last three dimensions", MapStatus::kUnsupportedRank, rank},
  };
  return kRules;
}

std::span<const Unsupported> unsupported_advice() {
  static const std::vector<Unsupported> kAdvice = {
      {"SWISH",
       "train with ReLU or ReLU6 instead of SiLU/Swish; atoll check --fix-activations relu -o F replaces it, then "
       "fine-tune"},
      {"HARD_SWISH",
       "train with ReLU instead of hard swish, as MobileNetV3's minimalistic variants do; atoll check "
       "--fix-activations relu -o F replaces it, then fine-tune"},
      {"HARD_SIGMOID", "use LOGISTIC (a sigmoid), which maps"},
      {"GELU", "train with ReLU instead of GELU; atoll check --fix-activations relu -o F replaces it, then fine-tune"},
      {"ELU", "train with ReLU instead of ELU; atoll check --fix-activations relu -o F replaces it, then fine-tune"},
      {"LEAKY_RELU",
       "use RELU, or PRELU with one alpha per channel; atoll check --fix-activations relu -o F makes it RELU, "
       "then fine-tune"},
      {"ARG_MAX",
       "end the network at the logits and take the maximum on the CPU, where it is the last op anyway (atoll check "
       "--fix -o F makes int64 indices int32)"},
      {"ARG_MIN", "end the network before it and take the minimum on the CPU"},
      {"DEQUANTIZE", "export with int8 or uint8 outputs"},
      {"CAST", "keep one integer type from input to output"},
      {"BATCH_NORM", "fold batch norm into the convolution (atoll does so when it exports)"},
      {"DIV", "multiply by the reciprocal, a constant"},
      {"EXP", "use LOGISTIC or SOFTMAX where that is what is meant"},
      {"GATHER", "slice with constant begin and size (SLICE or STRIDED_SLICE)"},
      {"GATHER_ND", "slice with constant begin and size (SLICE or STRIDED_SLICE)"},
      {"BATCH_MATMUL", "write the product with a constant as FULLY_CONNECTED or a 1x1 CONV_2D"},
      {"DEPTH_TO_SPACE", "use RESIZE_NEAREST_NEIGHBOR and a CONV_2D, or TRANSPOSE_CONV"},
      {"UNPACK", "use SPLIT or SLICE"},
      {"SHAPE",
       "export with static shapes, so that shapes are constants (atoll check --fix -o F makes those constant that "
       "the file declares)"},
      {"TFLite_Detection_PostProcess", "leave it at the end: it runs on the CPU, and nothing is behind it"},
      {"UNIDIRECTIONAL_SEQUENCE_RNN", "use UNIDIRECTIONAL_SEQUENCE_LSTM"},
      {"BIDIRECTIONAL_SEQUENCE_LSTM", "use two UNIDIRECTIONAL_SEQUENCE_LSTM"},
  };
  return kAdvice;
}

}  // namespace Atoll::edgetpu
