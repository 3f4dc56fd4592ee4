// What a channel is worth: the sum, over the layers that make it, of what each says about it.
#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "prune/channels.h"

namespace Atoll {

ChannelImportance channel_importance(std::string_view name) {
  if (name == "taylor") return ChannelImportance::kTaylor;
  if (name == "magnitude") return ChannelImportance::kMagnitude;
  if (name == "batchnorm") return ChannelImportance::kBatchNorm;
  fail("there is no importance of channels '{}': taylor, magnitude and batchnorm are possible", name);
}

namespace pruning {
namespace {

// Parameters of which element i belongs to channel (i / inner) % channels of the tensor that the layer makes.
struct Maker {
  TensorId made = kNoTensor;
  struct Part {
    TensorId tensor = kNoTensor;
    std::int64_t inner = 1;
  };
  std::vector<Part> parts;  // that are trained
  bool normalizes = false;
};

std::vector<Maker> makers_of(const Graph& graph) {
  std::vector<Maker> makers;
  for (const Node& node : graph.nodes) {
    Maker maker{.made = node.outputs.empty() ? kNoTensor : node.outputs[0]};
    if (has_channels(node.op) && graph.tensor(node.inputs[1]).constant) {
      const Shape& shape = graph.tensor(node.inputs[1]).shape;
      const bool depthwise = std::holds_alternative<DepthwiseConv2D>(node.op);
      maker.parts.push_back({node.inputs[1], depthwise ? 1 : shape.elements() / std::max<std::int64_t>(1, shape[0])});
      if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor) maker.parts.push_back({node.inputs[2], 1});
    } else if (std::holds_alternative<BatchNorm>(node.op)) {
      maker.parts = {{node.inputs[1], 1}, {node.inputs[2], 1}};
      maker.normalizes = true;
    }
    if (!maker.parts.empty()) makers.push_back(std::move(maker));
  }
  return makers;
}

template <typename F>
void for_each_value(const Graph& graph, const Maker& maker, const Maker::Part& part, const F& f) {
  const std::int64_t channels = graph.tensor(maker.made).shape.back(), n = graph.tensor(part.tensor).elements();
  for (std::int64_t i = 0; i < n; ++i) f(static_cast<std::size_t>((i / part.inner) % channels), i);
}

// By element of the map.
using Worth = std::vector<double>;

void add(const ChannelMap& map, TensorId made, const std::vector<double>& by_channel, Worth& worth) {
  const auto first = static_cast<std::size_t>(map.first[static_cast<std::size_t>(made)]);
  for (std::size_t c = 0; c < by_channel.size(); ++c) worth[first + c] += by_channel[c];
}

// Relative to the layer's mean, so that layers can be compared.
Worth by_magnitude(const Graph& graph, const ChannelMap& map, bool gamma_alone) {
  Worth worth(static_cast<std::size_t>(map.elements), 0.0);
  bool any = false;
  for (const Maker& maker : makers_of(graph)) {
    if (maker.normalizes != gamma_alone) continue;
    any = true;
    std::vector<double> sums(static_cast<std::size_t>(graph.tensor(maker.made).shape.back()), 0.0);
    const std::span<const float> values = graph.tensor(maker.parts[0].tensor).data.as<float>();
    for_each_value(graph, maker, maker.parts[0], [&](std::size_t c, std::int64_t i) {
      sums[c] += std::fabs(static_cast<double>(values[static_cast<std::size_t>(i)]));
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    if (total > 0)
      for (double& sum : sums) sum *= static_cast<double>(sums.size()) / total;
    add(map, maker.made, sums, worth);
  }
  if (!any) fail("'{}' has no batch norm to judge channels by (it is folded); use taylor or magnitude", graph.name);
  return worth;
}

// Takes the place of an update: learns the batches' gradients and changes nothing.
class TaylorProbe final : public ValueTransform {
 public:
  TaylorProbe(const Graph& graph, const ChannelMap& map)
      : graph_(graph), map_(map), makers_(makers_of(graph)), worth_(static_cast<std::size_t>(map.elements), 0.0) {}

  void attach(const Graph&, const ValueLayout& layout) override {
    layout_ = layout;
    sum_.assign(layout.trained, 0.0);
  }
  void begin_step(std::uint64_t, std::span<float> values) override { values_ = values; }
  void apply(std::span<const float>, std::span<float>) const override {}
  void backward(std::span<float> gradients) override {
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += static_cast<double>(gradients[i]);
  }
  std::uint64_t fingerprint() const override { return 0; }

  void end_batch() {
    for (const Maker& maker : makers_) {
      std::vector<double> sums(static_cast<std::size_t>(graph_.tensor(maker.made).shape.back()), 0.0);
      for (const Maker::Part& part : maker.parts) {
        const std::size_t offset = layout_.offset[static_cast<std::size_t>(part.tensor)];
        for_each_value(graph_, maker, part, [&](std::size_t c, std::int64_t i) {
          const std::size_t at = offset + static_cast<std::size_t>(i);
          sums[c] += sum_[at] * static_cast<double>(values_[at]);
        });
      }
      for (double& sum : sums) sum *= sum;
      add(map_, maker.made, sums, worth_);
    }
    std::fill(sum_.begin(), sum_.end(), 0.0);
  }
  const Worth& worth() const { return worth_; }

 private:
  const Graph& graph_;
  const ChannelMap& map_;
  std::vector<Maker> makers_;
  ValueLayout layout_;
  std::span<float> values_;
  std::vector<double> sum_;
  Worth worth_;
};

Worth by_taylor(const Graph& graph, const ChannelMap& map, std::shared_ptr<const Dataset> data,
                const ChannelPruneOptions& options) {
  TrainOptions train = options.train;
  train.batch = static_cast<int>(std::min<std::int64_t>(train.batch, data->size()));
  TaylorProbe probe(graph, map);
  const auto backend = make_cpu_backend(graph, train, &probe);
  const Shape& input = graph.input().shape;
  Loader loader(data, {.h = static_cast<int>(input.h()),
                       .w = static_cast<int>(input.w()),
                       .c = static_cast<int>(input.c()),
                       .batch = train.batch,
                       .shuffle = true,
                       .drop_last = true,
                       .preprocessing = train.preprocessing,
                       .seed = train.seed,
                       .threads = train.loader_threads,
                       .cache_decoded = false});
  loader.start_epoch(0);
  std::int64_t images = 0;
  for (Batch batch; images < options.images && loader.next(batch); images += batch.size) {
    backend->step(batch, {.learning_rate = 0, .step = static_cast<std::uint64_t>(images), .freeze_bn = true});
    probe.end_batch();
  }
  return probe.worth();
}

}  // namespace

std::vector<std::vector<double>> importance_of(const Graph& graph, const ChannelMap& map,
                                               std::shared_ptr<const Dataset> data,
                                               const ChannelPruneOptions& options) {
  const Worth worth = options.importance == ChannelImportance::kTaylor
                          ? by_taylor(graph, map, std::move(data), options)
                          : by_magnitude(graph, map, options.importance == ChannelImportance::kBatchNorm);
  std::vector<std::vector<double>> result;
  for (const ChannelGroup& group : map.groups) {
    std::vector<double>& own = result.emplace_back();
    for (const std::vector<std::int64_t>& set : group.sets) {
      double sum = 0;
      for (const std::int64_t element : set) sum += worth[static_cast<std::size_t>(element)];
      own.push_back(sum);
    }
  }
  return result;
}

}  // namespace pruning
}  // namespace Atoll
