#include "format/onnx/read_tensor.h"

#include <limits>

#include "atoll/error.h"
#include "format/float_conversion.h"
#include "format/limits.h"
#include "format/protobuf.h"

namespace Atoll::format {
namespace {

// The message's fields as they come.
struct Parts {
  std::vector<std::int64_t> dims, integers;
  std::vector<float> floats;
  std::vector<std::byte> doubles;
  std::span<const std::byte> raw;
  bool has_raw = false, external = false;
  std::map<std::string, std::string> entries;
  OnnxType type{};
  std::string name;
};

std::pair<std::string, std::string> read_entry(std::span<const std::byte> bytes) {
  std::pair<std::string, std::string> entry;
  ProtoMessage message(bytes);
  while (const auto field = message.next()) {
    if (field->number == 1) entry.first = field->text();
    if (field->number == 2) entry.second = field->text();
  }
  return entry;
}

Parts read_parts(std::span<const std::byte> bytes, Budget& budget) {
  Parts parts;
  ProtoMessage message(bytes);
  while (const auto field = message.next()) {
    // Packed numbers of one byte each become eight bytes in memory.
    const auto integers = [&](std::vector<std::int64_t>& to) {
      budget.charge(field->counted ? field->bytes.size() * sizeof(std::int64_t) : sizeof(std::int64_t));
      field->append_integers(to);
    };
    switch (field->number) {
      case 1: integers(parts.dims); break;
      case 2: parts.type = static_cast<OnnxType>(field->integer()); break;
      case 4:
        budget.charge(field->counted ? field->bytes.size() : sizeof(float));
        field->append_floats(parts.floats);
        break;
      case 5:
      case 7: integers(parts.integers); break;
      case 8: parts.name = field->text(); break;
      case 9:
        parts.raw = field->bytes;
        parts.has_raw = true;
        break;
      case 10:
        budget.charge(field->bytes.size());
        parts.doubles.insert(parts.doubles.end(), field->bytes.begin(), field->bytes.end());
        break;
      case 13:
        budget.charge(field->bytes.size() + sizeof(std::string));
        parts.entries.insert(read_entry(field->bytes));
        break;
      case 14: parts.external = field->integer() == 1; break;
      default: break;
    }
  }
  return parts;
}

// Bytes of the file's type as bytes of ours.
Data stored(OnnxType type, std::span<const std::byte> raw) {
  if (type == OnnxType::kDouble) return float64_to_float32(raw);
  if (type == OnnxType::kBFloat16) return bfloat16_to_float32(raw);
  return Data(std::vector<std::byte>(raw.begin(), raw.end()));
}

template <typename T>
Data narrowed(const Parts& parts) {
  std::vector<T> values;
  values.reserve(parts.integers.size());
  for (const std::int64_t value : parts.integers) {
    if (value < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
        value > static_cast<std::int64_t>(std::numeric_limits<T>::max()))
      fail("tensor '{}' of {} holds the value {}", parts.name, name_of(parts.type), value);
    values.push_back(static_cast<T>(value));
  }
  return Data::of(values);
}

// int32_data holds every narrower type, float16 by its bits.
Data typed(const Parts& parts) {
  switch (parts.type) {
    case OnnxType::kFloat: return Data::of(parts.floats);
    case OnnxType::kDouble: return float64_to_float32(parts.doubles);
    case OnnxType::kInt8: return narrowed<std::int8_t>(parts);
    case OnnxType::kUInt8:
    case OnnxType::kBool: return narrowed<std::uint8_t>(parts);
    case OnnxType::kInt32: return narrowed<std::int32_t>(parts);
    case OnnxType::kInt64: return narrowed<std::int64_t>(parts);
    case OnnxType::kFloat16: return narrowed<std::uint16_t>(parts);
    case OnnxType::kBFloat16: return bfloat16_to_float32(narrowed<std::uint16_t>(parts).bytes());
  }
  return {};
}

}  // namespace

OnnxTensor read_onnx_tensor(std::span<const std::byte> message, Budget& budget, ExternalData& external) {
  const Parts parts = read_parts(message, budget);
  OnnxTensor tensor{.name = parts.name, .dtype = dtype_of(parts.type, parts.name)};
  if (parts.dims.size() > Shape::kMaxRank)
    fail("tensor '{}' has {} dimensions, but at most {} are supported", parts.name, parts.dims.size(), Shape::kMaxRank);
  tensor.shape = Shape(parts.dims);
  check_shape(tensor.shape, tensor.name);
  const std::uint64_t bytes = static_cast<std::uint64_t>(tensor.shape.elements()) * size_of(parts.type);
  if (parts.external) {
    tensor.data = stored(parts.type, external.read(tensor.name, parts.entries, bytes));
  } else if (parts.has_raw) {
    budget.charge(parts.raw.size() * 2);
    if (parts.raw.size() != bytes)
      fail("tensor '{}' of {} holds {} bytes instead of {}", parts.name, tensor.shape.str(), parts.raw.size(), bytes);
    tensor.data = stored(parts.type, parts.raw);
  } else {
    tensor.data = typed(parts);
  }
  const std::size_t found = tensor.data.size() / size_of(tensor.dtype);
  if (found != static_cast<std::size_t>(tensor.shape.elements()))
    fail("tensor '{}' of {} holds {} values", tensor.name, tensor.shape.str(), found);
  return tensor;
}

}  // namespace Atoll::format
