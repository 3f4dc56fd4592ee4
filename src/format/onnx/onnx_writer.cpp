#include "format/onnx/onnx_writer.h"

#include <fmt/format.h>

#include "atoll/error.h"
#include "format/onnx/model.h"
#include "format/text.h"

namespace Atoll::format {
namespace {

constexpr std::size_t kMostBytes = (std::size_t{1} << 31) - 1;  // protobuf's

std::string unused(std::set<std::string>& used, const std::string& wanted, const char* otherwise) {
  const std::string clean = wanted.empty() ? otherwise : clean_text(wanted);
  std::string name = clean;
  for (int i = 2; !used.insert(name).second; ++i) name = fmt::format("{}_{}", clean, i);
  return name;
}

ProtoWriter attribute(std::string_view name, AttributeKind kind) {
  ProtoWriter message;
  message.text(1, name).integer(20, static_cast<std::int64_t>(kind));
  return message;
}

}  // namespace

OnnxAttributes& OnnxAttributes::integer(std::string_view name, std::int64_t value) {
  fields_.message(5, attribute(name, AttributeKind::kInt).integer(3, value));
  return *this;
}
OnnxAttributes& OnnxAttributes::real(std::string_view name, float value) {
  fields_.message(5, attribute(name, AttributeKind::kFloat).real(2, value));
  return *this;
}
OnnxAttributes& OnnxAttributes::integers(std::string_view name, std::span<const std::int64_t> values) {
  ProtoWriter message = attribute(name, AttributeKind::kInts);
  for (const std::int64_t value : values) message.integer(8, value);
  fields_.message(5, message);
  return *this;
}

std::string OnnxWriter::unique_name(const std::string& wanted) { return unused(names_, wanted, "tensor"); }
std::string OnnxWriter::unique_node_name(const std::string& wanted) { return unused(node_names_, wanted, "node"); }

void OnnxWriter::node(std::string_view type, const std::vector<std::string>& inputs, const std::string& output,
                      const std::string& name, const OnnxAttributes& attributes) {
  ProtoWriter message;
  for (const std::string& input : inputs) message.text(1, input);
  message.text(2, output).text(3, name).text(4, type).append(attributes.fields());
  graph_.message(1, message);
}

void OnnxWriter::initializer(const std::string& name, DType type, const Shape& shape,
                             std::span<const std::byte> values) {
  ProtoWriter message;
  for (const std::int64_t dim : shape) message.integer(1, dim);
  message.integer(2, static_cast<std::int64_t>(onnx_type_of(type))).text(8, name).bytes(9, values);
  graph_.message(5, message);
}

void OnnxWriter::value(std::uint32_t field, const std::string& name, DType type, const Shape& shape) {
  ProtoWriter dims, tensor, kind, message;
  for (const std::int64_t dim : shape) dims.message(1, ProtoWriter().integer(1, dim));
  tensor.integer(1, static_cast<std::int64_t>(onnx_type_of(type))).message(2, dims);
  kind.message(1, tensor);
  graph_.message(field, message.text(1, name).message(2, kind));
}

std::vector<std::byte> OnnxWriter::finish(const std::string& name, const std::string& description,
                                          const std::map<std::string, std::string>& properties) {
  graph_.text(2, name.empty() ? "network" : clean_text(name));
  if (!description.empty()) graph_.text(10, clean_text(description));
  ProtoWriter model;
  model.integer(1, kFormatVersion).text(2, kOnnxProducer);
  model.message(8, ProtoWriter().text(1, "").integer(2, kOpset));
  for (const auto& [key, value] : properties) model.message(14, ProtoWriter().text(1, key).text(2, value));
  model.message(7, graph_);
  if (model.bytes().size() > kMostBytes)
    fail("'{}' takes {} bytes, more than an ONNX file can hold", name, model.bytes().size());
  return model.take();
}

}  // namespace Atoll::format
