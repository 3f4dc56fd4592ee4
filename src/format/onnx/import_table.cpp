#include <map>

#include "format/onnx/import_ops.h"

namespace Atoll::format {
namespace {

const std::map<std::string, Import>& table() {
  static const std::map<std::string, Import> imports = {
      {"Add", import_binary},
      {"AveragePool", import_pool},
      {"BatchNormalization", import_batch_norm},
      {"Cast", import_cast},
      {"Clip", import_clip},
      {"Concat", import_concat},
      {"Conv", import_conv},
      {"DequantizeLinear", import_dequantize},
      {"Div", import_binary},
      {"Dropout", import_identity},
      {"Flatten", import_flatten},
      {"Gemm", import_gemm},
      {"GlobalAveragePool", import_global_pool},
      {"GlobalMaxPool", import_global_pool},
      {"HardSigmoid", import_hard_sigmoid},
      {"HardSwish", import_elementwise},
      {"Identity", import_identity},
      {"MatMul", import_matmul},
      {"Max", import_min_max},
      {"MaxPool", import_pool},
      {"Min", import_min_max},
      {"Mul", import_binary},
      {"Pad", import_pad},
      {"QuantizeLinear", import_quantize},
      {"ReduceMean", import_reduce_mean},
      {"Relu", import_elementwise},
      {"Reshape", import_reshape},
      {"Sigmoid", import_elementwise},
      {"Softmax", import_softmax},
      {"Squeeze", import_squeeze},
      {"Sub", import_binary},
      {"Sum", import_sum},
      {"Swish", import_swish},
      {"Tanh", import_elementwise},
      {"Transpose", import_transpose},
      {"Unsqueeze", import_unsqueeze},
  };
  return imports;
}

}  // namespace

Import importer_of(const std::string& type) {
  const auto found = table().find(type);
  return found == table().end() ? nullptr : found->second;
}

std::string imported_types() {
  std::string list;
  for (const auto& [type, import] : table()) list += (list.empty() ? "" : ", ") + type;
  return list;
}

}  // namespace Atoll::format
