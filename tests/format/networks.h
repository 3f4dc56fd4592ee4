// Small networks with drawn weights, in every scheme that a file can hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/random.h"
#include "error_of.h"

namespace Atoll::format_test {

// Gives every constant without values drawn ones of its own type.
void fill_constants(Graph& graph, std::uint64_t seed);

// A classifier that has each op of an inference network at least once.
Graph every_op(std::uint64_t seed = 1);

// Convolution, depthwise, addition, pooling, fully connected, softmax: ops that exist in integers too.
Graph classifier(std::uint64_t seed = 1);

// `classifier` with scales written by hand: activations and weights of the type (int8 per channel, uint8 per tensor).
Graph quantized_classifier(DType type, std::uint64_t seed = 1);
// The same without biases; the type is float32, int8 or uint8.
Graph without_biases(DType type, std::uint64_t seed = 1);
// Float activations with int8 weights, and with float16 weights behind Dequantize.
Graph dynamic_classifier(std::uint64_t seed = 1);
Graph float16_classifier(std::uint64_t seed = 1);

// All of these, `classifier` with preprocessing and labels.
std::vector<Graph> of_every_scheme();

// What two graphs that are the same network have in common, as text: the architecture and a hash of each
// constant; without versions and descriptions.
std::string fingerprint(Graph graph);

}  // namespace Atoll::format_test
