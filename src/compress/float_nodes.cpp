#include "compress/float_nodes.h"

#include <algorithm>

#include "atoll/error.h"

namespace Atoll {
namespace {

class FloatPatch {
 public:
  FloatPatch(const Graph& int8, const Graph& real, const NodeMatch& nodes)
      : int8_(int8), real_(real), nodes_(nodes), uses_(uses_of(int8)), result_(int8) {}

  Graph run() {
    result_.nodes.clear();
    for (std::size_t n = 0; n < int8_.nodes.size(); ++n) {
      const auto match = nodes_.find(n);
      if (match == nodes_.end())
        result_.add_node(int8_.nodes[n]);
      else
        add_float(n, real_.nodes[match->second]);
    }
    Graph result = prune_unused(result_);
    verify(result);
    return result;
  }

 private:
  TensorId add_real(TensorId like, const std::string& name) {
    Tensor tensor = result_.tensor(like);
    tensor.name = name;
    tensor.dtype = DType::kFloat32;
    tensor.quantization = {};
    return result_.add_tensor(std::move(tensor));
  }

  // The float twin of an activation, made by a float node or by Dequantize.
  TensorId real_of(TensorId id) {
    if (int8_.tensor(id).dtype == DType::kFloat32) return id;
    if (const auto found = real_of_.find(id); found != real_of_.end()) return found->second;
    const std::string name = int8_.tensor(id).name + "/dequantized";
    const TensorId real = add_real(id, name);
    result_.add_node({.name = name, .op = Dequantize{}, .inputs = {id}, .outputs = {real}});
    return real_of_[id] = real;
  }

  bool needed_as_int8(TensorId id) const {
    if (std::find(int8_.outputs.begin(), int8_.outputs.end(), id) != int8_.outputs.end()) return true;
    const std::vector<int>& readers = uses_.consumers[static_cast<std::size_t>(id)];
    return std::any_of(readers.begin(), readers.end(),
                       [&](int reader) { return !nodes_.contains(static_cast<std::size_t>(reader)); });
  }

  void add_float(std::size_t n, const Node& twin) {
    Node node = int8_.nodes[n];
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      TensorId& id = node.inputs[i];
      if (id == kNoTensor) continue;
      if (!int8_.tensor(id).constant) {
        id = real_of(id);
        continue;
      }
      if (i >= twin.inputs.size() || twin.inputs[i] == kNoTensor || !real_.tensor(twin.inputs[i]).constant)
        fail("node '{}' of '{}' has no constant input {}, as '{}' of '{}' has", twin.name, real_.name, i, node.name,
             int8_.name);
      id = result_.add_tensor(real_.tensor(twin.inputs[i]));
    }
    const TensorId out = node.outputs[0];
    if (int8_.tensor(out).dtype == DType::kFloat32) {
      result_.add_node(std::move(node));
      return;
    }
    const TensorId real = add_real(out, int8_.tensor(out).name + "/float");
    node.outputs[0] = real;
    const std::string name = node.name + "/quantize";
    result_.add_node(std::move(node));
    real_of_[out] = real;
    if (needed_as_int8(out)) result_.add_node({.name = name, .op = Quantize{}, .inputs = {real}, .outputs = {out}});
  }

  const Graph& int8_;
  const Graph& real_;
  const NodeMatch& nodes_;
  const Uses uses_;
  Graph result_;
  std::map<TensorId, TensorId> real_of_;
};

std::size_t index_of(const Graph& graph, const std::string& name) {
  const auto found =
      std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) { return node.name == name; });
  if (found == graph.nodes.end()) fail("'{}' has no node '{}' that could stay in float", graph.name, name);
  return static_cast<std::size_t>(found - graph.nodes.begin());
}

}  // namespace

Graph with_float_nodes(const Graph& int8, const Graph& real, const NodeMatch& nodes) {
  return FloatPatch(int8, real, nodes).run();
}

Graph with_float_nodes(const Graph& int8, const Graph& real, const std::vector<std::string>& names) {
  NodeMatch nodes;
  for (const std::string& name : names) nodes[index_of(int8, name)] = index_of(real, name);
  return with_float_nodes(int8, real, nodes);
}

}  // namespace Atoll
