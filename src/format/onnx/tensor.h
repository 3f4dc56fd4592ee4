// One constant of an ONNX file, in ONNX's own layout: its bytes in the nearest type that Atoll has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "atoll/tensor.h"

namespace Atoll::format {

// TensorProto.DataType, as far as Atoll reads and writes it.
enum class OnnxType : std::int64_t {
  kFloat = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kBFloat16 = 16,
};
// "FLOAT", "INT8", ...; the number where Atoll has no word for it.
std::string name_of(OnnxType type);
std::size_t size_of(OnnxType type);  // bytes of one value in a file; 0 for a type that is not read
// What Atoll keeps it as; double and bfloat16 become float32. Throws Error for a type that is not read.
DType dtype_of(OnnxType type, const std::string& tensor_name);
OnnxType onnx_type_of(DType type);

struct OnnxTensor {
  std::string name;
  Shape shape;
  DType dtype = DType::kFloat32;
  Data data;
  Quantization quantization;  // of integers that DequantizeLinear made real numbers
  bool widened = false;       // float16 values that Cast made float32

  bool is_real() const { return dtype == DType::kFloat32 || dtype == DType::kFloat16 || !quantization.empty(); }
  std::vector<float> floats() const;  // what the values mean
  std::vector<std::int64_t> integers() const;

  static OnnxTensor of(std::string name, const Shape& shape, const std::vector<float>& values);
  static OnnxTensor of(std::string name, const Shape& shape, const std::vector<std::int64_t>& values);
};

}  // namespace Atoll::format
