// Fixes: rewrites after which more of a network maps to the Edge TPU. Those made by default change no result: the
// rewritten network computes the same values. Replacing activations is another network, so it must be asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

struct FixOptions {
  // What SiLU, hard swish, GELU, ELU and leaky ReLU become: kRelu or kRelu6. Results change: fine-tune afterwards.
  std::optional<Activation> activations;
};

struct Fixed {
  Graph graph;
  std::vector<std::string> done;  // what was changed, in words; empty: the graph is the one that was given
  std::vector<std::string> left;  // what would have to change but could not be, and why
  bool exact = true;              // same values for same inputs (of one image, where the batch became one)
};

// A batch becomes one; indices (ArgMax) become 32-bit; shapes computed at run time from static ones become
// constants; transposes that undo each other go, as an NCHW network's around every op; activations fused into
// pooling and concatenation become ops of their own.
Fixed fixed_for_edgetpu(const Graph& graph, const FixOptions& options = {});

}  // namespace Atoll
