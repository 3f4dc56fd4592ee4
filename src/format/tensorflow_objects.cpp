#include "format/tensorflow_objects.h"

#include <set>

#include "format/protobuf.h"

namespace Atoll::format {
namespace {

// Field numbers of tensorflow/core/protobuf/trackable_object_graph.proto.
constexpr std::uint32_t kNodes = 1, kAttributes = 2, kFullName = 2, kCheckpointKey = 3;

void read_attribute(std::span<const std::byte> bytes, std::multimap<std::string, std::string>& keys_by_name) {
  ProtoMessage message(bytes);
  std::string name, key;
  while (const auto field = message.next()) {
    if (field->number == kFullName) name = field->text();
    if (field->number == kCheckpointKey) key = field->text();
  }
  if (!name.empty() && !key.empty()) keys_by_name.emplace(name, key);
}

}  // namespace

std::map<std::string, std::string> full_names(std::span<const std::byte> object_graph) {
  std::multimap<std::string, std::string> keys_by_name;
  ProtoMessage graph(object_graph);
  while (const auto node = graph.next()) {
    if (node->number != kNodes) continue;
    ProtoMessage object(node->bytes);
    while (const auto field = object.next())
      if (field->number == kAttributes) read_attribute(field->bytes, keys_by_name);
  }
  std::map<std::string, std::string> names;
  for (auto it = keys_by_name.begin(); it != keys_by_name.end();) {
    const auto [first, last] = keys_by_name.equal_range(it->first);
    std::set<std::string> keys;
    for (; it != last; ++it) keys.insert(it->second);
    if (keys.size() == 1) names.emplace(*keys.begin(), first->first);
  }
  return names;
}

std::string without_attribute(const std::string& key) {
  constexpr std::string_view kSuffix = "/.ATTRIBUTES/VARIABLE_VALUE";
  return key.ends_with(kSuffix) ? key.substr(0, key.size() - kSuffix.size()) : key;
}

}  // namespace Atoll::format
