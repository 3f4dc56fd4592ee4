// Single-op graphs with drawn shapes, attributes, constants and quantization: what the fast kernels and LiteRT are
// compared on. The same seed gives the same graph.
#pragma once

#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/random.h"

namespace Atoll::drawn {

enum class Numbers { kFloat, kInt8, kUInt8, kHybrid };

struct Choice {
  std::string op;  // a name of `ops()`
  Numbers numbers = Numbers::kFloat;
  bool tflite = true;         // only what a .tflite file can say and LiteRT accepts
  bool dead_channels = true;  // some channels have a bias of 30 bits and more, which floats do not hold
};

const std::vector<std::string>& ops();
std::vector<Numbers> numbers_of(const std::string& op);  // in which the op can run
std::string name_of(Numbers numbers);

Graph draw(const Choice& choice, Rng& rng);

// Random bytes (or floats) for every input of the graph.
std::vector<std::vector<std::byte>> draw_inputs(const Graph& graph, Rng& rng);

}  // namespace Atoll::drawn
