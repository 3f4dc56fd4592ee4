#include "qat/fake_quantized_graph.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "atoll/error.h"
#include "compress/observe.h"
#include "graph/rewrite.h"

namespace Atoll::qat {
namespace {

// Batch norms that to_inference() makes MUL and ADD of, for no convolution is before them, become that here, and
// so stand still during the training.
Graph without_lone_norms(const Graph& graph) {
  const Graph inference = to_inference(graph);
  std::map<std::string, const Node*> additions, products;
  for (const Node& node : inference.nodes) {
    if (std::holds_alternative<Add>(node.op)) additions[node.name] = &node;
    if (std::holds_alternative<Mul>(node.op)) products[node.name] = &node;
  }
  Graph result = rewrite::without_nodes(graph);
  for (const Node& node : graph.nodes) {
    const auto add = additions.find(node.name), mul = products.find(node.name + "/scaled");
    if (!std::holds_alternative<BatchNorm>(node.op) || add == additions.end() || mul == products.end()) {
      result.add_node(node);
      continue;
    }
    const TensorId scale = result.add_tensor(inference.tensor(mul->second->inputs[1]));
    const TensorId offset = result.add_tensor(inference.tensor(add->second->inputs[1]));
    const TensorId scaled = rewrite::append(result, node.name + "/scaled", Mul{}, {node.inputs[0], scale});
    result.add_node({.name = node.name, .op = Add{}, .inputs = {scaled, offset}, .outputs = node.outputs});
  }
  verify(result);
  return result;
}

// Ops whose output has just the values of their input, which are rounded already.
bool only_moves(const Op& op) {
  return std::holds_alternative<MaxPool2D>(op) || std::holds_alternative<Reshape>(op) ||
         std::holds_alternative<Pad>(op) || std::holds_alternative<Transpose>(op);
}

class Inserter {
 public:
  Inserter(FakeQuantizedGraph& forms, const std::vector<Range>& ranges)
      : forms_(forms), ranges_(ranges), result_(rewrite::without_nodes(forms.plain)), alias_(result_.tensors.size()) {
    std::iota(alias_.begin(), alias_.end(), TensorId{0});
    for (std::size_t id = 0; id < forms_.prepared.tensors.size(); ++id)
      if (!forms_.prepared.tensors[id].constant) stored_[forms_.prepared.tensors[id].name] = static_cast<TensorId>(id);
  }

  void run() {
    for (const TensorId id : forms_.plain.inputs) insert_behind(id);
    for (Node node : forms_.plain.nodes) {
      for (TensorId& id : node.inputs)
        if (id != kNoTensor) id = alias_[static_cast<std::size_t>(id)];
      const bool rounds = !only_moves(node.op) && !std::holds_alternative<Softmax>(node.op);
      const TensorId out = node.outputs[0];
      result_.add_node(std::move(node));
      if (rounds) insert_behind(out);
    }
    for (TensorId& id : result_.outputs) id = alias_[static_cast<std::size_t>(id)];
    verify(result_);
    forms_.training = std::move(result_);
  }

 private:
  void insert_behind(TensorId id) {
    const Tensor tensor = result_.tensor(id);
    const auto stored = stored_.find(tensor.name);
    if (stored == stored_.end()) return;
    const Range range = ranges_[static_cast<std::size_t>(stored->second)];
    const TensorId state = result_.add_tensor({.name = tensor.name + "/fake_quantize/state",
                                               .shape = {4},
                                               .constant = true,
                                               .data = Data::of(std::vector<float>{range.low, range.high, 1, 0})});
    alias_[static_cast<std::size_t>(id)] =
        rewrite::append(result_, tensor.name + "/fake_quantize", Quantize{}, {id, state});
    forms_.sites.push_back({stored->second, state});
  }

  FakeQuantizedGraph& forms_;
  const std::vector<Range>& ranges_;
  Graph result_;
  std::vector<TensorId> alias_;
  std::map<std::string, TensorId> stored_;
};

}  // namespace

TensorId find_tensor(const Graph& graph, const std::string& name) {
  for (std::size_t id = 0; id < graph.tensors.size(); ++id)
    if (graph.tensors[id].name == name) return static_cast<TensorId>(id);
  return kNoTensor;
}

FakeQuantizedGraph split_forms(const Graph& graph) {
  FakeQuantizedGraph forms;
  forms.plain = lower_to_tflite_ops(without_lone_norms(rewrite::with_unique_names(graph)));
  forms.prepared = prepared_for_quantization(to_inference(forms.plain));
  return forms;
}

void add_fake_quantization(FakeQuantizedGraph& forms, const std::vector<Range>& ranges) {
  if (ranges.size() != forms.prepared.tensors.size())
    fail("there are ranges of {} tensors, but '{}' has {}", ranges.size(), forms.prepared.name,
         forms.prepared.tensors.size());
  Inserter(forms, ranges).run();
}

Graph trained_inference(const FakeQuantizedGraph& forms, const Graph& trained) {
  Graph plain = forms.plain;
  for (std::size_t id = 0; id < plain.tensors.size(); ++id)
    if (plain.tensors[id].constant) plain.tensors[id].data = trained.tensors[id].data;
  plain.preprocessing = trained.preprocessing;
  plain.labels = trained.labels;
  return prepared_for_quantization(to_inference(plain));
}

std::vector<Range> trained_ranges(const FakeQuantizedGraph& forms, const Graph& trained) {
  std::vector<Range> ranges(forms.prepared.tensors.size());
  for (const FakeQuantizedGraph::Site& site : forms.sites) {
    const std::span<const float> state = trained.tensor(site.state).data.as<float>();
    ranges[static_cast<std::size_t>(site.prepared)] = {state[0], state[1]};
  }
  return ranges;
}

}  // namespace Atoll::qat
