// The safetensors format: the length of a JSON header (8 bytes, little endian), the header, which gives each tensor
// a type, a shape and the range of its bytes, and the bytes, without holes or overlaps.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "atoll/error.h"
#include "atoll/weights.h"
#include "format/float_conversion.h"
#include "format/json_nesting.h"
#include "format/json_object.h"
#include "format/limits.h"
#include "format/text.h"

namespace Atoll {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kHeaderAlignment = 8;
constexpr const char* kMetadata = "__metadata__";

struct StoredType {
  const char* name;
  std::size_t bytes;
  DType dtype;  // as it becomes a Tensor
};
constexpr StoredType kTypes[] = {
    {"F32", 4, DType::kFloat32}, {"F16", 2, DType::kFloat16}, {"BF16", 2, DType::kFloat32}, {"F64", 8, DType::kFloat32},
    {"I8", 1, DType::kInt8},     {"U8", 1, DType::kUInt8},    {"I16", 2, DType::kInt16},    {"I32", 4, DType::kInt32},
    {"I64", 8, DType::kInt64},   {"BOOL", 1, DType::kBool},
};

const StoredType& type_named(const std::string& name, const std::string& place) {
  for (const StoredType& type : kTypes)
    if (name == type.name) return type;
  fail("{} is of type {}, which is not supported", place, format::clean_text(name));
}

const char* stored_name(DType dtype) {
  for (const StoredType& type : kTypes)
    if (type.dtype == dtype) return type.name;
  return "F32";
}

std::size_t header_length(std::span<const std::byte> file, const std::string& name) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes && file.size() >= kLengthBytes; ++i)
    length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
  if (file.size() < kLengthBytes || length > file.size() - kLengthBytes)
    fail("'{}' is not a safetensors file, or is truncated: its header does not fit its {} bytes", name, file.size());
  return static_cast<std::size_t>(length);
}

struct Entry {
  Tensor tensor;
  const StoredType* type = nullptr;
  std::uint64_t begin = 0, end = 0;
};

Entry read_entry(const std::string& tensor_name, const nlohmann::json& json, std::uint64_t available) {
  Entry entry{.tensor = {.name = format::clean_text(tensor_name), .constant = true}};
  const std::string place = fmt::format("tensor '{}'", entry.tensor.name);
  format::JsonObject from(json, place);
  entry.type = &type_named(from.text("dtype"), place);
  entry.tensor.dtype = entry.type->dtype;
  const auto dims = from.integers("shape", 0, format::kMaxElements);
  if (dims.size() > Shape::kMaxRank)
    fail("{} has {} dimensions, but at most {} are supported", place, dims.size(), Shape::kMaxRank);
  entry.tensor.shape = Shape(dims);
  format::check_shape(entry.tensor.shape, entry.tensor.name);
  const auto range = from.integers("data_offsets", 0, static_cast<std::int64_t>(available));
  if (range.size() != 2 || range[0] > range[1]) fail("{}: \"data_offsets\" is no range inside the file", place);
  from.finish();
  entry.begin = static_cast<std::uint64_t>(range[0]);
  entry.end = static_cast<std::uint64_t>(range[1]);
  const auto wanted = static_cast<std::uint64_t>(entry.tensor.elements()) * entry.type->bytes;
  if (entry.end - entry.begin != wanted)
    fail("{} of {} {} needs {} bytes, but has {}", place, entry.type->name, entry.tensor.shape.str(), wanted,
         entry.end - entry.begin);
  return entry;
}

Data values_of(const Entry& entry, std::span<const std::byte> bytes) {
  if (std::string_view(entry.type->name) == "BF16") return format::bfloat16_to_float32(bytes);
  if (std::string_view(entry.type->name) == "F64") return format::float64_to_float32(bytes);
  return Data(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

std::vector<Tensor> read(std::span<const std::byte> file, const std::string& name) {
  const std::size_t length = header_length(file, name);
  const auto* text = reinterpret_cast<const char*>(file.data()) + kLengthBytes;
  format::check_nesting({text, length}, "its header");
  const auto header = nlohmann::json::parse(text, text + length);
  if (!header.is_object()) fail("its header is not a JSON object");
  const std::span<const std::byte> bytes = file.subspan(kLengthBytes + length);
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items())
    if (key != kMetadata) entries.push_back(read_entry(key, value, bytes.size()));
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  std::vector<Tensor> tensors;
  for (Entry& entry : entries) {
    if (entry.begin != at)
      fail("the bytes of tensor '{}' start at {}, but the tensor before ends at {}", entry.tensor.name, entry.begin,
           at);
    at = entry.end;
    entry.tensor.data = values_of(entry, bytes.subspan(entry.begin, entry.end - entry.begin));
    tensors.push_back(std::move(entry.tensor));
  }
  if (at != bytes.size()) fail("{} bytes at its end belong to no tensor", bytes.size() - at);
  return tensors;
}

}  // namespace

std::vector<Tensor> read_safetensors(std::span<const std::byte> file, const std::string& name) {
  try {
    return read(file, name);
  } catch (const nlohmann::json::exception& error) {
    fail("'{}' is not a safetensors file: its header is not valid JSON: {}", name, error.what());
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.starts_with("'" + name)) throw;
    fail("'{}': {}", name, text);
  }
}

std::vector<std::byte> write_safetensors(const Graph& graph) {
  nlohmann::ordered_json header = {{kMetadata, {{"format", "atoll"}}}};
  std::vector<const Tensor*> written;
  std::uint64_t at = 0;
  for (const Tensor& tensor : graph.tensors) {
    if (!tensor.constant) continue;
    if (tensor.data.empty()) fail("'{}' has no weights to write: '{}' has no values", graph.name, tensor.name);
    const std::string name = format::clean_text(tensor.name);
    if (header.contains(name)) fail("two constants of '{}' are called '{}'", graph.name, name);
    header[name] = {{"dtype", stored_name(tensor.dtype)},
                    {"shape", std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end())},
                    {"data_offsets", {at, at + tensor.data.size()}}};
    at += tensor.data.size();
    written.push_back(&tensor);
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  std::vector<std::byte> file;
  file.reserve(kLengthBytes + text.size() + at);
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    file.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 0xFF));
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  file.insert(file.end(), first, first + text.size());
  for (const Tensor* tensor : written)
    file.insert(file.end(), tensor->data.bytes().begin(), tensor->data.bytes().end());
  return file;
}

}  // namespace Atoll
