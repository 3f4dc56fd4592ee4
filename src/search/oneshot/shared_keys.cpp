#include "search/oneshot/shared_keys.h"

#include <fmt/format.h>

#include <map>

namespace Atoll {
namespace {

bool has_weights(const Node& node) {
  return std::holds_alternative<Conv2D>(node.op) || std::holds_alternative<DepthwiseConv2D>(node.op) ||
         std::holds_alternative<FullyConnected>(node.op);
}

std::string scope_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

class Keys {
 public:
  explicit Keys(const Graph& graph) : graph_(graph), producer_(uses_of(graph).producer) {
    for (const Node& node : graph.nodes)
      if (has_weights(node)) blocks_[scope_of(node.name)] += fmt::format(" {}", name_of(node.op));
  }

  std::string of(const Node& node) const {
    if (has_weights(node)) return of_weights(node);
    if (!std::holds_alternative<BatchNorm>(node.op)) return "";
    const Node* before = before_(node);
    return before != nullptr && has_weights(*before) ? of_weights(*before) + " norm" : node.name + " norm";
  }

 private:
  const Node* before_(const Node& node) const {
    const int producer = producer_[static_cast<std::size_t>(node.inputs.at(0))];
    return producer < 0 ? nullptr : &graph_.nodes[static_cast<std::size_t>(producer)];
  }

  std::string of_weights(const Node& node) const {
    const Shape& w = graph_.tensor(node.inputs.at(1)).shape;
    std::string key = fmt::format("{} {}", node.name, name_of(node.op));
    if (w.rank() == 4) key += fmt::format(" {}x{}", w[1], w[2]);
    if (const auto* conv = std::get_if<Conv2D>(&node.op); conv != nullptr && conv->groups > 1)
      key += fmt::format(" groups of {} to {}", w[3], w[0] / conv->groups);
    const std::string scope = scope_of(node.name);
    return key + (scope.empty() ? " of " + part_before(node) : " in" + blocks_.at(scope));
  }

  std::string part_before(const Node& node) const {
    const Node* before = before_(node);
    while (before != nullptr && !has_weights(*before)) before = before_(*before);
    return before == nullptr ? "the input" : before->name.substr(0, before->name.find('/'));
  }

  const Graph& graph_;
  std::vector<int> producer_;
  std::map<std::string, std::string> blocks_;  // by scope: its layers with weights
};

}  // namespace

std::vector<std::string> shared_keys(const Graph& graph) {
  const Keys keys(graph);
  std::vector<std::string> result;
  for (const Node& node : graph.nodes) result.push_back(keys.of(node));
  return result;
}

}  // namespace Atoll
