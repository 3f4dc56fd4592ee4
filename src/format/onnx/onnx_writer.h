// OnnxWriter: an ONNX model as it grows, node by node, under names that are each given once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "format/onnx/tensor.h"
#include "format/protobuf_writer.h"

namespace Atoll::format {

// The attributes of one node.
class OnnxAttributes {
 public:
  OnnxAttributes& integer(std::string_view name, std::int64_t value);
  OnnxAttributes& real(std::string_view name, float value);
  OnnxAttributes& integers(std::string_view name, std::span<const std::int64_t> values);
  const ProtoWriter& fields() const { return fields_; }

 private:
  ProtoWriter fields_;
};

class OnnxWriter {
 public:
  static constexpr std::int64_t kOpset = 17, kFormatVersion = 8;

  // `wanted` as readable text that nobody else is called.
  std::string unique_name(const std::string& wanted);
  std::string unique_node_name(const std::string& wanted);

  // `output` is a unique name; so is `name` among the nodes.
  void node(std::string_view type, const std::vector<std::string>& inputs, const std::string& output,
            const std::string& name, const OnnxAttributes& attributes = {});
  void initializer(const std::string& name, DType type, const Shape& shape, std::span<const std::byte> values);
  void input(const std::string& name, DType type, const Shape& shape) { value(11, name, type, shape); }
  void output(const std::string& name, DType type, const Shape& shape) { value(12, name, type, shape); }

  // The whole file.
  std::vector<std::byte> finish(const std::string& name, const std::string& description,
                                const std::map<std::string, std::string>& properties);

 private:
  void value(std::uint32_t field, const std::string& name, DType type, const Shape& shape);

  ProtoWriter graph_;
  std::set<std::string> names_, node_names_;
};

}  // namespace Atoll::format
