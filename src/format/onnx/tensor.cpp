#include "format/onnx/tensor.h"

#include <fmt/format.h>

#include "atoll/error.h"
#include "format/float_conversion.h"

namespace Atoll::format {
namespace {

template <typename To, typename From>
std::vector<To> converted(const Data& data) {
  const std::span<const From> values = data.as<From>();
  return std::vector<To>(values.begin(), values.end());
}

// The index along `axis` of each value, one after another.
std::vector<std::size_t> index_along(const Shape& shape, int axis) {
  std::int64_t inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  std::vector<std::size_t> index(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < index.size(); ++i)
    index[i] = i / static_cast<std::size_t>(inner) % static_cast<std::size_t>(shape[axis]);
  return index;
}

}  // namespace

std::string name_of(OnnxType type) {
  switch (type) {
    case OnnxType::kFloat: return "FLOAT";
    case OnnxType::kUInt8: return "UINT8";
    case OnnxType::kInt8: return "INT8";
    case OnnxType::kInt32: return "INT32";
    case OnnxType::kInt64: return "INT64";
    case OnnxType::kBool: return "BOOL";
    case OnnxType::kFloat16: return "FLOAT16";
    case OnnxType::kDouble: return "DOUBLE";
    case OnnxType::kBFloat16: return "BFLOAT16";
  }
  return fmt::format("number {}", static_cast<std::int64_t>(type));
}

std::size_t size_of(OnnxType type) {
  switch (type) {
    case OnnxType::kFloat: return 4;
    case OnnxType::kUInt8: return 1;
    case OnnxType::kInt8: return 1;
    case OnnxType::kInt32: return 4;
    case OnnxType::kInt64: return 8;
    case OnnxType::kBool: return 1;
    case OnnxType::kFloat16: return 2;
    case OnnxType::kDouble: return 8;
    case OnnxType::kBFloat16: return 2;
  }
  return 0;
}

DType dtype_of(OnnxType type, const std::string& tensor_name) {
  switch (type) {
    case OnnxType::kFloat:
    case OnnxType::kDouble:
    case OnnxType::kBFloat16: return DType::kFloat32;
    case OnnxType::kUInt8: return DType::kUInt8;
    case OnnxType::kInt8: return DType::kInt8;
    case OnnxType::kInt32: return DType::kInt32;
    case OnnxType::kInt64: return DType::kInt64;
    case OnnxType::kBool: return DType::kBool;
    case OnnxType::kFloat16: return DType::kFloat16;
  }
  fail(
      "'{}' is of ONNX's data type {}, but only FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT8, UINT8, INT32, INT64 and BOOL "
      "are read",
      tensor_name, name_of(type));
}

OnnxType onnx_type_of(DType type) {
  switch (type) {
    case DType::kFloat32: return OnnxType::kFloat;
    case DType::kFloat16: return OnnxType::kFloat16;
    case DType::kInt8: return OnnxType::kInt8;
    case DType::kUInt8: return OnnxType::kUInt8;
    case DType::kInt32: return OnnxType::kInt32;
    case DType::kInt64: return OnnxType::kInt64;
    case DType::kBool: return OnnxType::kBool;
    case DType::kInt16: break;
  }
  fail("tensors of {} are not written as ONNX, but float32, float16, int8, uint8 and int32 are", Atoll::name_of(type));
}

std::vector<std::int64_t> OnnxTensor::integers() const {
  switch (dtype) {
    case DType::kInt8: return converted<std::int64_t, std::int8_t>(data);
    case DType::kUInt8:
    case DType::kBool: return converted<std::int64_t, std::uint8_t>(data);
    case DType::kInt32: return converted<std::int64_t, std::int32_t>(data);
    case DType::kInt64: return converted<std::int64_t, std::int64_t>(data);
    default: fail("constant '{}' is {}, but should be of integers", name, Atoll::name_of(dtype));
  }
}

std::vector<float> OnnxTensor::floats() const {
  if (dtype == DType::kFloat32) return converted<float, float>(data);
  if (dtype == DType::kFloat16) return converted<float, float>(float16_to_float32(data));
  if (quantization.empty()) fail("constant '{}' is {}, but should be of real numbers", name, Atoll::name_of(dtype));
  const std::vector<std::int64_t> q = integers();
  std::vector<float> values(q.size());
  const auto real = [&](std::size_t i, std::size_t channel) {
    return static_cast<float>(q[i] - quantization.zero_point[channel]) * quantization.scale[channel];
  };
  if (quantization.per_channel()) {
    const std::vector<std::size_t> channel = index_along(shape, quantization.axis);
    for (std::size_t i = 0; i < q.size(); ++i) values[i] = real(i, channel[i]);
  } else {
    for (std::size_t i = 0; i < q.size(); ++i) values[i] = real(i, 0);
  }
  return values;
}

OnnxTensor OnnxTensor::of(std::string name, const Shape& shape, const std::vector<float>& values) {
  return {.name = std::move(name), .shape = shape, .dtype = DType::kFloat32, .data = Data::of(values)};
}
OnnxTensor OnnxTensor::of(std::string name, const Shape& shape, const std::vector<std::int64_t>& values) {
  return {.name = std::move(name), .shape = shape, .dtype = DType::kInt64, .data = Data::of(values)};
}

}  // namespace Atoll::format
