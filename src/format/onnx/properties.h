// What an ONNX file of Atoll's says beside the network, in metadata_props: preprocessing and labels as JSON, and
// whether integer weights stand in a network that computes with real numbers ("dynamic").
#pragma once

#include <map>
#include <string>

#include "atoll/graph.h"

namespace Atoll::format {

using Properties = std::map<std::string, std::string>;

Properties properties_of(const Graph& graph);
// Takes over what is there. Throws Error where it is malformed; labels that do not number as many as the classes are
// left out.
void read_properties(Graph& graph, const Properties& properties);

}  // namespace Atoll::format
