// What quantization-aware training does to its values before they are computed with. With s the scale that
// batch norm's moving statistics give a channel (1 where there is none), weights w become round(w * s) / s on
// the grid of the int8 weights (Krishnamoorthi 2018, 3.2: batch norm folded, its own statistics applied behind), and
// the activations' scales and zero points are those that the exported network gets for the present ranges. The
// gradient goes straight through.
#pragma once

#include <optional>

#include "atoll/train.h"
#include "qat/fake_quantized_graph.h"

namespace Atoll::qat {

class FakeQuantizeTransform final : public ValueTransform {
 public:
  FakeQuantizeTransform(const FakeQuantizedGraph& forms, const QuantizeOptions& options);

  void attach(const Graph& graph, const ValueLayout& layout) override;
  void begin_step(std::uint64_t step, std::span<float> values) override;
  void apply(std::span<const float> values, std::span<float> effective) const override;
  void backward(std::span<float> gradients) override;
  std::uint64_t fingerprint() const override;

 private:
  // A layer with weights: where its values lie, and its node in the prepared graph.
  struct Layer {
    const Node* prepared = nullptr;
    std::size_t weights = 0, count = 0;
    std::optional<std::size_t> bias;
    bool normalized = false;
    std::size_t gamma = 0, beta = 0, mean = 0, variance = 0;  // of its batch norm
    double epsilon = 0;
    std::vector<std::uint32_t> zeros;  // indices of weights that stay 0
  };
  struct Constant {  // read by an op without weights
    TensorId prepared = kNoTensor;
    std::size_t at = 0, count = 0;
  };
  void add_layer(const Graph& graph, const Node& node, const ValueLayout& layout);
  std::vector<float> fold(const Layer& layer, std::span<const float> values, Graph& prepared) const;
  void round_weights(const Layer& layer, const Graph& prepared, std::span<const float> scale, float input_scale,
                     float output_scale, std::span<float> effective) const;
  void clear_zeros(std::span<float> values) const;

  const FakeQuantizedGraph& forms_;
  QuantizeOptions options_;
  std::vector<Layer> layers_;
  std::vector<Constant> constants_;
  std::vector<std::size_t> states_;  // by site
};

}  // namespace Atoll::qat
