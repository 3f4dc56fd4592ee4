// Weights apart from their network: named tensors in a safetensors file, and a Graph that takes them over.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

// A tensor as its file holds it, in its makers' layout: PyTorch's convolutions are [out, in/groups, kh, kw],
// TensorFlow's [kh, kw, in/groups, out].
struct NamedTensor {
  std::string name;
  Shape shape;
  std::vector<float> values;  // row major; float16, bfloat16 and float64 are converted
};

// The tensors of a file in the order of their bytes, all constant. BF16 and F64 become float32. Throws Error for
// a malformed file; needs about as much memory as the file has bytes.
std::vector<Tensor> read_safetensors(std::span<const std::byte> file, const std::string& name);

// Every constant of the graph under its name. The same graph gives the same bytes.
std::vector<std::byte> write_safetensors(const Graph& graph);

// The graph with the values of the constants that have these names; float16 becomes float32 where the graph wants
// that. Throws one Error that lists every missing, surplus and mis-shaped tensor.
Graph with_weights(const Graph& graph, const std::vector<Tensor>& weights, const std::string& source);

// `graph` with the values in a file: .safetensors under the graph's own names or under PyTorch's (see
// atoll/pytorch.h), .pth or .pt under PyTorch's, a TensorFlow checkpoint (atoll/tensorflow.h) by its prefix, one of
// its files or its folder.
Graph load_weights(const Graph& graph, const std::filesystem::path& path);

}  // namespace Atoll
