#include "atoll/proxy.h"

#include <algorithm>

#include "atoll/candidate_table.h"
#include "atoll/error.h"
#include "search/oneshot/proxy_supernet.h"

namespace Atoll {

namespace {

constexpr std::int64_t kFloatBytes = 4;  // of an activation that will have 1 byte

Graph as_it_will_ship(const Graph& graph) { return with_softmax(to_inference(graph)); }

}  // namespace

std::function<Costs(const Space&, const Genotype&)> costs_by_latency(std::function<double(const Graph&)> latency_ms) {
  return [latency_ms = std::move(latency_ms)](const Space& space, const Genotype& genotype) {
    const Graph graph = space.build(genotype);
    const GraphCost cost = cost_of(graph);
    return Costs{.latency_ms = latency_ms(graph),
                 .size_bytes = cost.params,
                 .memory_bytes = cost.peak_activation_bytes / kFloatBytes,
                 .macs = cost.macs,
                 .params = cost.params,
                 .work = training_work(graph)};
  };
}

Graph initial_weights(const Graph& graph, std::uint64_t trial_seed) {
  Rng rng(trial_seed, 0);
  return initialize(graph, rng);
}

TrainResult train_trial(const Graph& graph, std::uint64_t trial_seed, std::shared_ptr<const Dataset> data,
                        std::shared_ptr<const Dataset> validation, TrainOptions schedule, const TrainHooks& hooks) {
  schedule.seed = mix(trial_seed, 1);
  return train(initial_weights(graph, trial_seed), std::move(data), std::move(validation), schedule, hooks);
}

ProxyData proxy_data(std::shared_ptr<const Dataset> data, const ProxyOptions& options) {
  if (data->size() < 10) fail("a search needs 10 images at least, but the data set has {}", data->size());
  const double count = static_cast<double>(data->size());
  const HoldOut split =
      hold_out(data, std::min(0.2, static_cast<double>(options.validation) / count), mix(options.seed, 1));
  const double share =
      options.images <= 0 ? 1 : static_cast<double>(options.images) / static_cast<double>(split.rest->size());
  const auto part = share >= 1 ? split.rest : hold_out(split.rest, share, mix(options.seed, 2)).held_out;
  return {part, split.held_out};
}

Graph at_resolution(Graph graph, const ProxyOptions& options) {
  if (options.h <= 0 || options.w <= 0) return graph;
  Tensor& input = graph.tensor(graph.inputs.at(0));
  input.shape = Shape{input.shape.n(), options.h, options.w, input.shape.c()};
  infer_all_shapes(graph);
  return graph;
}

Objectives proxy_objectives(std::shared_ptr<const Dataset> data, std::shared_ptr<const Target> target,
                            const ProxyOptions& options) {
  const ProxyData pictures = proxy_data(data, options);
  Objectives objectives;
  const auto table = std::make_shared<std::unique_ptr<CandidateTable>>();  // of the space that is being searched
  objectives.costs = [target, table](const Space& space, const Genotype& genotype) {
    if (*table == nullptr || &(*table)->space() != &space)
      *table = std::make_unique<CandidateTable>(space, target, true);
    return (*table)->costs(genotype);
  };
  objectives.accuracy = [pictures, options](const Graph& graph, std::uint64_t seed, const TrainHooks& hooks) {
    return train_trial(at_resolution(graph, options), seed, pictures.train, pictures.validation, options.schedule,
                       hooks)
        .top1;
  };
  objectives.validation_images = pictures.validation->size();
  objectives.obstacles = [target](const Graph& graph) {
    std::vector<std::string> lines;
    for (const OpVerdict& op : target->check(as_it_will_ship(graph)).ops)
      if (op.status != MapStatus::kMapped && op.status != MapStatus::kMoreThanOneSubgraph)
        lines.push_back(fmt::format("{} '{}' does not map to {}: {}", op.op, op.name, target->name(), op.reason));
    return lines;
  };
  objectives.supernet = [data, options](const Space& space, const OneShotOptions& oneshot, std::uint64_t seed) {
    ProxyOptions all = options;
    all.images = 0;  // a supernet has more to learn than one network
    return make_proxy_supernet(space, proxy_data(data, all), options, oneshot, seed);
  };
  return objectives;
}

std::string settings_text(const ProxyOptions& options) {
  const TrainOptions& s = options.schedule;
  return fmt::format(
      "proxy of {} images and {} for validation, {} epochs, batch {}, optimizer {}, learning rate {}, weight decay {}, "
      "label smoothing {}, flip {}, shift {}, threads {}, seed {}{}",
      options.images, options.validation, s.epochs, s.batch, s.optimizer == Optimizer::kSgd ? "sgd" : "rmsprop",
      s.learning_rate, s.weight_decay, s.label_smoothing, s.augmentation.flip, s.augmentation.shift_pixels, s.threads,
      options.seed, options.h > 0 ? fmt::format(", at {}x{} pixels", options.h, options.w) : "");
}

}  // namespace Atoll
