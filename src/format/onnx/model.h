// What an ONNX file says, as plain structs: nodes in order, initializers, inputs and outputs. Meaning and layouts
// are ONNX's own; importer.h makes a Graph of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "format/budget.h"
#include "format/onnx/tensor.h"

namespace Atoll::format {

// AttributeProto.AttributeType
enum class AttributeKind : std::int64_t { kNone = 0, kFloat, kInt, kString, kTensor, kGraph, kFloats, kInts, kStrings };

struct OnnxAttribute {
  AttributeKind kind = AttributeKind::kNone;
  float f = 0;
  std::int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<std::int64_t> ints;
  OnnxTensor tensor;
};

struct OnnxNode {
  std::string name, type, domain;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, OnnxAttribute> attributes;

  bool has_input(std::size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
  bool has(const std::string& attribute) const { return attributes.contains(attribute); }
  // The attribute, or `otherwise` where there is none. Throws Error for one of another kind.
  std::int64_t integer(const std::string& attribute, std::int64_t otherwise) const;
  float real(const std::string& attribute, float otherwise) const;
  std::vector<std::int64_t> integers(const std::string& attribute, std::vector<std::int64_t> otherwise = {}) const;
  std::string text(const std::string& attribute, const std::string& otherwise) const;
  const OnnxTensor* tensor(const std::string& attribute) const;

  // Throws Error: "Conv 'conv1': …".
  [[noreturn]] void reject(const std::string& why) const;

 private:
  const OnnxAttribute* find(const std::string& name, AttributeKind kind) const;
};

struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  Shape shape;  // the batch is 1 where it is left open
};

inline constexpr const char* kOnnxProducer = "Atoll";  // producer_name of the files that Atoll writes

struct OnnxModel {
  std::string name, producer;
  std::int64_t opset = 0;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxValue> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, std::string> properties;  // metadata_props
};

// Where the values of external tensors may lie; an empty folder: nowhere.
struct OnnxSource {
  std::span<const std::byte> file;
  std::filesystem::path folder;
};

// Throws Error: malformed, dimensions left open, types that Atoll does not read, external data outside the folder.
// Everything that is kept is charged to the budget.
OnnxModel read_onnx_model(const OnnxSource& source, Budget& budget);

}  // namespace Atoll::format
