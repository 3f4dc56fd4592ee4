#include "target/edgetpu/op_names.h"

#include <cctype>

namespace Atoll::edgetpu {
namespace {

bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

constexpr std::string_view kCompiled = "CUSTOM:edgetpu-custom-op";

// "ResizeBilinear" becomes "RESIZE_BILINEAR"; what has no lower-case letter stays.
std::string in_capitals(const std::string& type) {
  if (type == kCompiled) return type.substr(kCompiled.find(':') + 1);
  if (type.starts_with("CUSTOM:")) return "CUSTOM";
  std::string name;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (i > 0 && is_upper(type[i]) && is_lower(type[i - 1])) name += '_';
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(type[i])));
  }
  return name;
}

}  // namespace

std::string compiler_name(const Op& op) {
  return std::visit(overloaded{
                        [](const Conv2D&) -> std::string { return "CONV_2D"; },
                        [](const DepthwiseConv2D&) -> std::string { return "DEPTHWISE_CONV_2D"; },
                        [](const FullyConnected&) -> std::string { return "FULLY_CONNECTED"; },
                        [](const Add&) -> std::string { return "ADD"; },
                        [](const Sub&) -> std::string { return "SUB"; },
                        [](const Mul&) -> std::string { return "MUL"; },
                        [](const Concatenation&) -> std::string { return "CONCATENATION"; },
                        [](const AveragePool2D&) -> std::string { return "AVERAGE_POOL_2D"; },
                        [](const MaxPool2D&) -> std::string { return "MAX_POOL_2D"; },
                        [](const Mean&) -> std::string { return "MEAN"; },
                        [](const Pad& pad) -> std::string { return pad.value == 0 ? "PAD" : "PADV2"; },
                        [](const Reshape&) -> std::string { return "RESHAPE"; },
                        [](const Transpose&) -> std::string { return "TRANSPOSE"; },
                        [](const Softmax&) -> std::string { return "SOFTMAX"; },
                        [](const Relu&) -> std::string { return "RELU"; },
                        [](const Relu6&) -> std::string { return "RELU6"; },
                        [](const HardSwish&) -> std::string { return "HARD_SWISH"; },
                        [](const Swish&) -> std::string { return "SWISH"; },
                        [](const Sigmoid&) -> std::string { return "LOGISTIC"; },
                        [](const Tanh&) -> std::string { return "TANH"; },
                        [](const HardSigmoid&) -> std::string { return "HARD_SIGMOID"; },
                        [](const Quantize&) -> std::string { return "QUANTIZE"; },
                        [](const Dequantize&) -> std::string { return "DEQUANTIZE"; },
                        [](const BatchNorm&) -> std::string { return "BATCH_NORM"; },
                        [](const Dropout&) -> std::string { return "DROPOUT"; },
                        [](const Opaque& opaque) -> std::string { return in_capitals(opaque.type); },
                    },
                    op);
}

bool is_compiled(const Op& op) {
  const auto* opaque = std::get_if<Opaque>(&op);
  return opaque != nullptr && opaque->type == kCompiled;
}

}  // namespace Atoll::edgetpu
