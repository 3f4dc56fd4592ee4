#include "target/cpu/cpu_target.h"

#include <algorithm>

#include "atoll/runtime.h"
#include "base/timer.h"
#include "target/deployed.h"
#include "target/edgetpu/op_names.h"
#include "target/everything_maps.h"

namespace Atoll::cpu {
namespace {

constexpr TimingOptions kTiming = {.warmup_runs = 3, .min_runs = 21, .min_seconds = 0.2, .max_seconds = 10};
constexpr int kProfiledRuns = 11;
constexpr double kQuietEnough = 0.25;  // share of runs beside an idle neighbour, above which they alone count
constexpr std::uint64_t kSeed = 0;

Graph runnable(const Graph& graph, Arithmetic arithmetic) {
  const bool complete = std::none_of(graph.tensors.begin(), graph.tensors.end(), [](const Tensor& tensor) {
    return tensor.constant && tensor.data.empty() && tensor.bytes() > 0;
  });
  const std::string scheme = scheme_of(graph);
  const bool is_float = scheme == "float32" || scheme == "float16";
  if (complete && (!is_float || arithmetic == Arithmetic::kFloat)) return is_float ? deployed(graph).graph : graph;
  return with_random_weights(graph, kSeed, arithmetic == Arithmetic::kInt8);
}

double latency_of(const Timing& timing) {
  return timing.quiet_share >= kQuietEnough ? timing.quiet_median_ms : timing.median_ms;
}

// Median time of each node over some runs.
std::vector<double> node_times(Session& session) {
  std::vector<std::vector<double>> times(session.graph().nodes.size());
  session.run();
  for (int run = 0; run < kProfiledRuns; ++run) {
    session.run();
    for (std::size_t i = 0; i < times.size(); ++i) times[i].push_back(session.node_ms()[i]);
  }
  std::vector<double> medians;
  for (std::vector<double>& of_node : times) medians.push_back(median(std::move(of_node)));
  return medians;
}

}  // namespace

CpuTarget::CpuTarget(Arithmetic arithmetic)
    : arithmetic_(arithmetic), name_(arithmetic == Arithmetic::kInt8 ? "cpu" : "cpu-float") {}

std::string CpuTarget::description() const {
  return arithmetic_ == Arithmetic::kInt8 ? "this machine's CPU, one thread, int8: measured, not predicted"
                                          : "this machine's CPU, one thread, float32: measured, not predicted";
}

double CpuTarget::latency_ms(const Graph& graph) const {
  const Graph network = runnable(graph, arithmetic_);
  const std::lock_guard lock(one_at_a_time_);
  Session session(network);
  return latency_of(measure([&] { session.run(); }, kTiming));
}

Prediction CpuTarget::predict(const Graph& graph) const {
  const Graph network = runnable(graph, arithmetic_);
  const std::lock_guard lock(one_at_a_time_);
  Session session(network);
  const Timing timing = measure([&] { session.run(); }, kTiming);
  Prediction result;
  result.latency_ms = latency_of(timing);
  result.low_ms = std::min(result.latency_ms, quantile(timing.ms, 0.1));
  result.high_ms = std::max(result.latency_ms, quantile(timing.ms, 0.9));
  result.first_ms = timing.warmup_ms;

  Session profiled(network, {.profile = true});
  const Graph& ran = profiled.graph();
  const std::vector<double> times = node_times(profiled);
  double sum = 0;
  for (const double ms : times) sum += ms;
  for (std::size_t i = 0; i < ran.nodes.size(); ++i) {
    const NodeCost cost = cost_of(ran, ran.nodes[i]);
    LayerPrediction layer;
    layer.name = ran.nodes[i].name;
    layer.op = edgetpu::compiler_name(ran.nodes[i].op);
    layer.ms = sum > 0 ? times[i] / sum * result.latency_ms : 0;  // timing each node costs time of its own
    layer.bound_by = "cpu";
    layer.macs = cost.macs;
    layer.activation_bytes = cost.input_bytes + cost.output_bytes;
    result.layers.push_back(std::move(layer));
  }
  return result;
}

CheckReport CpuTarget::check(const Graph& graph, const CheckOptions&) const { return everything_maps(graph); }

}  // namespace Atoll::cpu
