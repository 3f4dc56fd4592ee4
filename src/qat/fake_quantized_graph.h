// The network that quantization-aware training runs: the float one in .tflite's ops with a fake quantization
// behind every activation that the int8 network stores.
#pragma once

#include <vector>

#include "atoll/compress.h"
#include "atoll/graph.h"

namespace Atoll::qat {

struct FakeQuantizedGraph {
  Graph plain;     // the training form in .tflite's ops, every name once; no fake quantization yet
  Graph prepared;  // its inference form, ready for quantize_prepared()
  Graph training;  // `plain`, whose tensors keep their ids, with the fake quantizations
  // The int8 network's activation `prepared`, whose state (see atoll/train.h) is the constant `state` of `training`.
  struct Site {
    TensorId prepared = kNoTensor, state = kNoTensor;
  };
  std::vector<Site> sites;
};

// `plain` and `prepared` alone: what is calibrated.
FakeQuantizedGraph split_forms(const Graph& graph);
// Adds `training` and `sites`, with ranges by tensor id of `prepared`.
void add_fake_quantization(FakeQuantizedGraph& forms, const std::vector<Range>& ranges);

// `plain` with the constants of a trained `training`, in its inference form; and that network's ranges.
Graph trained_inference(const FakeQuantizedGraph& forms, const Graph& trained);
std::vector<Range> trained_ranges(const FakeQuantizedGraph& forms, const Graph& trained);

// The tensor of this name; kNoTensor where there is none.
TensorId find_tensor(const Graph& graph, const std::string& name);

}  // namespace Atoll::qat
