// Arithmetic of two tensors, activations and requantization.
#include <fmt/format.h>

#include <algorithm>

#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

// QUANTIZE from float: the chip has no float unit, so the op stays on the CPU.
std::optional<std::string> quantize_input(const OpView& op) {
  const Tensor* x = op.activation();
  if (x == nullptr || op.dtype(*x) == DType::kInt8 || op.dtype(*x) == DType::kUInt8) return std::nullopt;
  return fmt::format("it quantizes '{}', which is {}", x->name, Atoll::name_of(op.dtype(*x)));
}

std::optional<std::string> prelu_alpha(const OpView& op) {
  const Tensor* alpha = op.input(1);
  if (alpha == nullptr) return std::nullopt;
  if (!alpha->constant) return "alpha is computed";
  const int above_one =
      static_cast<int>(std::count_if(alpha->shape.begin(), alpha->shape.end(), [](auto d) { return d > 1; }));
  if (above_one <= 1 && alpha->shape.elements() == alpha->shape.back()) return std::nullopt;
  return fmt::format("alpha has shape {}", alpha->shape.str());
}

}  // namespace

std::span<const OpRules> elementwise_rules() {
  static const std::vector<OpRules> kRules = {
      {"ADD", 4, {}},
      {"SUB", 5, {}},
      {"MUL", 5, {}},
      {"MAXIMUM", 4, {}},
      {"MINIMUM", 4, {}},
      {"SQUARED_DIFFERENCE", 2, {}},
      {"RELU", 3, {}},
      {"RELU6", 3, {}},
      {"RELU_N1_TO_1", 3, {}},
      {"PRELU",
       1,
       {{"prelu-alpha", "alpha has one value per channel", "share alpha over rows and columns (shared_axes=[1, 2])",
         MapStatus::kUnspecifiedLimitation, prelu_alpha}}},
      {"LOGISTIC", 3, {}},
      {"TANH", 3, {}},
      {"RSQRT", 3, {}},
      {"QUANTIZE",
       3,
       {{"quantize-input", "the input is int8 or uint8",
         "export with int8 or uint8 inputs, so that the caller hands over integers", MapStatus::kUnspecifiedLimitation,
         quantize_input}}},
  };
  return kRules;
}

}  // namespace Atoll::edgetpu
