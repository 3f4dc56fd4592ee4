#include "format/tflite_tensors.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "format/limits.h"
#include "format/text.h"
#include "graph/dynamic_shape.h"

namespace Atoll::format {
namespace {

std::optional<DType> dtype_of(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType::FLOAT32: return DType::kFloat32;
    case tflite::TensorType::FLOAT16: return DType::kFloat16;
    case tflite::TensorType::INT8: return DType::kInt8;
    case tflite::TensorType::UINT8: return DType::kUInt8;
    case tflite::TensorType::INT16: return DType::kInt16;
    case tflite::TensorType::INT32: return DType::kInt32;
    case tflite::TensorType::INT64: return DType::kInt64;
    case tflite::TensorType::BOOL: return DType::kBool;
    default: return std::nullopt;
  }
}

// A dynamic batch is taken for the batch of one that the file declares; other dynamic dimensions are not known.
Shape shape_of(const TfliteFile& file, const tflite::Tensor& source, const std::string& name, bool constant) {
  Shape shape;
  if (source.shape() == nullptr) return shape;
  if (source.shape()->size() > Shape::kMaxRank)
    fail("'{}': tensor '{}' has {} dimensions, but at most {} are supported", file.name, name, source.shape()->size(),
         Shape::kMaxRank);
  const auto* signature = constant ? nullptr : source.shape_signature();
  for (flatbuffers::uoffset_t i = 0; i < source.shape()->size(); ++i) {
    const std::int32_t dim = source.shape()->Get(i);
    const bool declared_dynamic = signature != nullptr && i < signature->size() && signature->Get(i) < 0;
    const bool batch_of_one = i == 0 && dim == 1;
    shape.push_back(dim < 0 || (declared_dynamic && !batch_of_one) ? kDynamic : dim);
  }
  constant ? check_shape(shape, name) : check_open_shape(shape, name);
  return shape;
}

// The verifier lets elements of eight bytes lie at any multiple of four.
std::int64_t element(const flatbuffers::Vector<std::int64_t>& vector, std::size_t i) {
  std::int64_t value = 0;
  std::memcpy(&value, vector.Data() + i * sizeof value, sizeof value);
  return flatbuffers::EndianScalar(value);
}

Quantization quantization_of(TfliteFile& file, const tflite::Tensor& source, const Tensor& tensor) {
  const tflite::QuantizationParameters* q = source.quantization();
  if (q == nullptr || tensor.dtype == DType::kFloat32 || tensor.dtype == DType::kFloat16) return {};
  if (q->details_type() != tflite::QuantizationDetails::NONE)
    fail("'{}': tensor '{}' is quantized by a scheme of its own, but only scales and zero points are supported",
         file.name, tensor.name);
  if (q->scale() == nullptr || q->scale()->size() == 0) return {};

  const std::size_t count = q->scale()->size();
  const std::size_t zero_points = q->zero_point() == nullptr ? 0 : q->zero_point()->size();
  if (zero_points > 1 && zero_points != count)
    fail("'{}': tensor '{}' has {} scales but {} zero points", file.name, tensor.name, count, zero_points);
  const std::int32_t axis = q->quantized_dimension();
  if (count > 1 && (axis < 0 || axis >= tensor.shape.rank() || tensor.shape[axis] != static_cast<std::int64_t>(count)))
    fail("'{}': tensor '{}' of {} has {} scales along axis {}", file.name, tensor.name, tensor.shape.str(), count,
         axis);

  file.budget.charge(count * 8);
  Quantization result;
  result.axis = count > 1 ? axis : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float scale = q->scale()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (!std::isfinite(scale) || scale < 0)
      fail("'{}': tensor '{}' has a scale of {}, which should be positive", file.name, tensor.name, scale);
    const std::size_t at = zero_points == 1 ? 0 : i;
    const std::int64_t zero = zero_points == 0 ? 0 : element(*q->zero_point(), at);
    if (zero < std::numeric_limits<std::int16_t>::min() || zero > std::numeric_limits<std::int16_t>::max())
      fail("'{}': tensor '{}' has a zero point of {}, outside of 16 bits", file.name, tensor.name, zero);
    result.scale.push_back(scale);
    result.zero_point.push_back(static_cast<std::int32_t>(zero));
  }
  return result;
}

}  // namespace

std::span<const std::byte> TfliteBuffers::outside(std::uint64_t offset, std::uint64_t size) {
  if (offset > file_.bytes.size() || size > file_.bytes.size() - offset)
    fail("'{}' is truncated: it names {} bytes at {}, but has {}", file_.name, size, offset, file_.bytes.size());
  return file_.bytes.subspan(offset, size);
}

std::span<const std::byte> TfliteBuffers::view(std::uint32_t index) {
  const auto* buffers = file_.model.buffers();
  const std::size_t count = buffers == nullptr ? 0 : buffers->size();
  if (index == 0 && count == 0) return {};
  if (index >= count) fail("'{}' is malformed: it names buffer {}, but has {}", file_.name, index, count);
  const tflite::Buffer* buffer = buffers->Get(index);
  if (buffer->offset() > 1) return outside(buffer->offset(), buffer->size());
  if (buffer->data() == nullptr) return {};
  return {reinterpret_cast<const std::byte*>(buffer->data()->data()), buffer->data()->size()};
}

Data TfliteBuffers::data(std::uint32_t index) {
  const std::span<const std::byte> bytes = view(index);
  if (bytes.empty()) return {};
  Data& copy = copies_[{bytes.data(), bytes.size()}];
  if (copy.empty()) {
    file_.budget.charge(bytes.size());
    copy = Data(std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
  return copy;
}

Tensor read_tensor(TfliteFile& file, TfliteBuffers& buffers, const tflite::Tensor& source, std::size_t index) {
  file.budget.charge(sizeof(Tensor) + (source.name() == nullptr ? 0 : source.name()->size()));
  Tensor tensor;
  if (source.name() != nullptr) tensor.name = clean_text(source.name()->string_view());
  if (tensor.name.empty()) tensor.name = fmt::format("tensor_{}", index);
  const std::optional<DType> dtype = dtype_of(source.type());
  if (!dtype) {
    const char* type = tflite::EnumNameTensorType(source.type());
    fail("'{}': tensor '{}' is of type {}, which is not supported", file.name, tensor.name,
         *type == 0 ? std::to_string(static_cast<int>(source.type())) : type);
  }
  tensor.dtype = *dtype;
  tensor.data = buffers.data(source.buffer());
  tensor.constant = !tensor.data.empty();
  tensor.shape = shape_of(file, source, tensor.name, tensor.constant);
  if (source.sparsity() != nullptr)
    fail("'{}': tensor '{}' is stored sparsely, which is not supported", file.name, tensor.name);
  if (source.external_buffer() != 0)
    fail("'{}': the values of tensor '{}' are in another file, which is not supported", file.name, tensor.name);
  tensor.quantization = quantization_of(file, source, tensor);
  if (tensor.constant && tensor.data.size() != tensor.bytes())
    fail("'{}': tensor '{}' of {} {} should hold {} bytes, but holds {}", file.name, tensor.name, name_of(tensor.dtype),
         tensor.shape.str(), tensor.bytes(), tensor.data.size());
  return tensor;
}

}  // namespace Atoll::format
