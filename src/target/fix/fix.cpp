#include "atoll/fix.h"

#include <fmt/format.h>

#include <algorithm>

#include "atoll/error.h"
#include "target/fix/passes.h"

namespace Atoll {
namespace fix {

bool redirect(Graph& graph, TensorId from, TensorId to) {
  const auto is_in = [](const std::vector<TensorId>& ids, TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (is_in(graph.outputs, from)) {
    if (is_in(graph.inputs, to) || is_in(graph.outputs, to) || graph.tensor(to).constant) return false;
    graph.tensor(to).name = graph.tensor(from).name;  // callers know outputs by their names
    std::replace(graph.outputs.begin(), graph.outputs.end(), from, to);
  }
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  return true;
}

void one_image(Graph& graph, Notes& notes) {
  if (graph.inputs.empty() || graph.input().shape.rank() < 2 || graph.input().shape[0] <= 1) return;
  const std::int64_t batch = graph.input().shape[0];
  try {
    graph = with_batch(graph, 1);
    notes.done.push_back(fmt::format("the batch of {} became 1: hand over one image after the other", batch));
  } catch (const Error& error) {
    notes.left.push_back(fmt::format("the batch of {} stays: {}", batch, error.what()));
  }
}

}  // namespace fix

Fixed fixed_for_edgetpu(const Graph& graph, const FixOptions& options) {
  Fixed result{.graph = graph};
  fix::Notes notes;
  fix::constant_shapes(result.graph, notes);
  fix::one_image(result.graph, notes);
  fix::short_indices(result.graph, notes);
  fix::cancel_transposes(result.graph, notes);
  if (options.activations) {
    const std::size_t before = notes.done.size();
    fix::replace_activations(result.graph, *options.activations, notes);
    result.exact = notes.done.size() == before;
  }
  fix::split_activations(result.graph, notes);
  result.done = std::move(notes.done);
  result.left = std::move(notes.left);
  if (result.done.empty()) return {.graph = graph, .left = std::move(result.left)};
  result.graph = prune_unused(result.graph);
  verify(result.graph);
  return result;
}

}  // namespace Atoll
