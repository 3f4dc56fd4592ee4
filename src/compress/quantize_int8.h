// quantize_int8() with what the rescue steps need to know besides.
#pragma once

#include <string>
#include <vector>

#include "atoll/compress.h"
#include "compress/weights.h"

namespace Atoll {

// `prepared` is a graph of prepared_for_quantization(). `scales` are used for the weights that they name.
Graph quantize_prepared(const Graph& prepared, const std::vector<Range>& ranges, const QuantizeOptions& options,
                        const WeightScales& scales = {});

// The scales that quantize_prepared() gives the weights, by their tensor ids.
WeightScales scales_of_weights(const Graph& prepared, const std::vector<Range>& ranges, const QuantizeOptions& options);

// What a quantized file says about how it was made; `rungs` are the steps of the ladder that were kept.
std::string quantized_description(const Graph& graph, const Calibration& calibration,
                                  const std::vector<std::string>& rungs);

}  // namespace Atoll
