// Fake quantization of an activation (a Quantize of the training form, see atoll/train.h). Its constant is
// {low, high, scale, zero point}; the batch's own extremes move the first two.
#include "kernels/training/fake_quantize.h"

#include <algorithm>

#include "atoll/error.h"
#include "train/cpu/exchange.h"
#include "train/cpu/layers.h"

namespace Atoll::training::cpu {
namespace {

bool comes_from_average_pool(const Graph& graph, TensorId id) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    return std::holds_alternative<AveragePool2D>(node.op) && node.outputs[0] == id;
  });
}

class FakeQuantizeLayer final : public Layer {
 public:
  FakeQuantizeLayer(const LayerSpec& spec, const LayerContext& context)
      : exchange_(context.exchange),
        shard_(context.shard),
        training_(context.training),
        momentum_(context.bn_momentum > 0 ? context.bn_momentum : 0.99),
        n_(context.shape(spec.output).elements()),
        at_(context.constant(spec.inputs[1])) {
    to_.ties_by_q = comes_from_average_pool(context.graph, spec.inputs[0]);
    if (training_) room_ = exchange_.reserve(2 * static_cast<std::size_t>(spec.index), 2);
  }

  void forward(const Pass& pass) override {
    if (training_ && !pass.freeze_bn) observe(pass);
    to_.scale = pass.constants[at_ + 2];
    to_.zero_point = static_cast<std::int32_t>(pass.constants[at_ + 3]);
    training::fake_quantize(to_, n_, in[0].value, out.value);
  }
  void backward(const Pass&) override {
    if (in[0].gradient) training::fake_quantize_gradient(to_, n_, in[0].value, out.gradient, in[0].gradient);
  }
  bool keeps_input(std::size_t i) const override { return i == 0; }
  bool value_in_place() const override { return !training_; }
  bool gradient_in_place() const override { return true; }

 private:
  void observe(const Pass& pass) {
    const training::Extremes own = training::extremes(n_, in[0].value);
    const std::span<double> part = exchange_.part(room_, shard_);
    part[0] = own.low;
    part[1] = own.high;
    exchange_.meet();
    if (!pass.statistics) return;
    double low = 0, high = 0;
    for (int shard = 0; shard < exchange_.shards(); ++shard) {
      const std::span<double> other = exchange_.part(room_, shard);
      low = std::min(low, other[0]);
      high = std::max(high, other[1]);
    }
    blend(pass.statistics[at_], low);
    blend(pass.statistics[at_ + 1], high);
  }
  void blend(float& moving, double value) const {
    moving = static_cast<float>(momentum_ * moving + (1 - momentum_) * value);
  }

  Exchange& exchange_;
  int shard_;
  bool training_;
  double momentum_;
  std::int64_t n_;
  std::size_t at_, room_ = 0;
  training::FakeQuantization to_;
};

}  // namespace

std::unique_ptr<Layer> make_fake_quantize(const LayerSpec& spec, const LayerContext& context) {
  if (context.shape(spec.inputs[1]).elements() != 4)
    fail("Quantize '{}' has a second input of {}, but a fake quantization's is [4]: low, high, scale, zero point",
         spec.node->name, context.shape(spec.inputs[1]).str());
  return std::make_unique<FakeQuantizeLayer>(spec, context);
}

}  // namespace Atoll::training::cpu
