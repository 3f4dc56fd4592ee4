// The passes of fixed_for_edgetpu, one file each. Each changes the graph in place and says in words what it did.
#pragma once

#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll::fix {

struct Notes {
  std::vector<std::string> done, left;
};

void one_image(Graph& graph, Notes& notes);
void short_indices(Graph& graph, Notes& notes);
void constant_shapes(Graph& graph, Notes& notes);
void cancel_transposes(Graph& graph, Notes& notes);
void split_activations(Graph& graph, Notes& notes);
void replace_activations(Graph& graph, Activation activation, Notes& notes);

// Every reader of `from` reads `to` instead. False, and nothing changed, where `from` is an output of the graph
// that cannot take over `to`'s name.
bool redirect(Graph& graph, TensorId from, TensorId to);

inline std::string plural(std::size_t n, const std::string& word) {
  return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
}

}  // namespace Atoll::fix
