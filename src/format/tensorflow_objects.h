// The graph of objects in a TensorFlow 2 checkpoint: what the variables are called that its keys only reach by path.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace Atoll::format {

// The key under which an object-based checkpoint keeps the graph of its objects.
inline constexpr const char* kObjectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

// From keys to their variables' full names, by the serialized TrackableObjectGraph. Names that several keys share are
// left out.
std::map<std::string, std::string> full_names(std::span<const std::byte> object_graph);

// The key without what every variable's has at its end.
std::string without_attribute(const std::string& key);

}  // namespace Atoll::format
