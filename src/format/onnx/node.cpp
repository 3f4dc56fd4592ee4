#include <string_view>

#include "atoll/error.h"
#include "format/onnx/model.h"

namespace Atoll::format {
namespace {

std::string_view name_of(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kNone: return "unknown";
    case AttributeKind::kFloat: return "FLOAT";
    case AttributeKind::kInt: return "INT";
    case AttributeKind::kString: return "STRING";
    case AttributeKind::kTensor: return "TENSOR";
    case AttributeKind::kGraph: return "GRAPH";
    case AttributeKind::kFloats: return "FLOATS";
    case AttributeKind::kInts: return "INTS";
    case AttributeKind::kStrings: return "STRINGS";
  }
  return "unknown";
}

}  // namespace

void OnnxNode::reject(const std::string& why) const {
  fail("{} '{}': {}", type, name.empty() && !outputs.empty() ? outputs[0] : name, why);
}

const OnnxAttribute* OnnxNode::find(const std::string& attribute, AttributeKind kind) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return nullptr;
  if (found->second.kind != kind)
    reject(fmt::format("the attribute '{}' is of the kind {}, but should be {}", attribute, name_of(found->second.kind),
                       name_of(kind)));
  return &found->second;
}

std::int64_t OnnxNode::integer(const std::string& attribute, std::int64_t otherwise) const {
  const OnnxAttribute* found = find(attribute, AttributeKind::kInt);
  return found ? found->i : otherwise;
}
float OnnxNode::real(const std::string& attribute, float otherwise) const {
  const OnnxAttribute* found = find(attribute, AttributeKind::kFloat);
  return found ? found->f : otherwise;
}
std::vector<std::int64_t> OnnxNode::integers(const std::string& attribute, std::vector<std::int64_t> otherwise) const {
  const OnnxAttribute* found = find(attribute, AttributeKind::kInts);
  return found ? found->ints : otherwise;
}
std::string OnnxNode::text(const std::string& attribute, const std::string& otherwise) const {
  const OnnxAttribute* found = find(attribute, AttributeKind::kString);
  return found ? found->s : otherwise;
}
const OnnxTensor* OnnxNode::tensor(const std::string& attribute) const {
  const OnnxAttribute* found = find(attribute, AttributeKind::kTensor);
  return found ? &found->tensor : nullptr;
}

}  // namespace Atoll::format
