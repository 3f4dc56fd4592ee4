#include "target/edgetpu/edgetpu_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/dynamic_shape.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/op_names.h"
#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {
namespace {

LayerPrediction transfer(const char* name, double ms, Bound bound) {
  LayerPrediction layer;
  layer.name = layer.op = name;
  layer.ms = ms;
  layer.bound_by = name_of(bound);
  return layer;
}

// Why an op that the chip could run stays on the CPU: the nearest op before it that cut the network.
std::string cut_by(const Graph& graph, const std::vector<OpVerdict>& verdicts, std::size_t node) {
  for (std::size_t i = node; i-- > 0;)
    if (verdicts[i].status != MapStatus::kMapped && verdicts[i].status != MapStatus::kMoreThanOneSubgraph)
      return fmt::format("{} '{}'", verdicts[i].op, graph.nodes[i].name);
  return "an op that does not map";
}

bool holds_compiled_op(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return is_compiled(node.op); });
}

// The compiler stops at the first tensor whose size it cannot know, and maps nothing.
std::string refusal_of(const Graph& graph) {
  const auto dynamic = std::find_if(graph.tensors.begin(), graph.tensors.end(),
                                    [](const Tensor& tensor) { return is_dynamic(tensor.shape); });
  if (dynamic == graph.tensors.end()) return "";
  return fmt::format(
      "tensor '{}' has shape {}, where -1 is known only at run time: the compiler refuses the whole model with "
      "\"Attempting to use a delegate that only supports static-sized tensors with a graph that has dynamic-sized "
      "tensors\"",
      dynamic->name, dynamic->shape.str());
}

void refuse(CheckReport& report) {
  for (OpVerdict& verdict : report.ops) {
    if (verdict.status != MapStatus::kMapped && verdict.status != MapStatus::kMoreThanOneSubgraph) continue;
    verdict.status = MapStatus::kUnspecifiedLimitation;
    verdict.rule = "static-model";
    verdict.reason = "the compiler maps nothing of a model with dynamic tensors; the limit: none";
    verdict.fix = "make the tensors static that are named above; nothing else is in this op's way";
  }
  report.mapped_ops = report.subgraphs = 0;
  report.onchip_bytes = report.onchip_free_bytes = report.offchip_bytes = 0;
  report.compiled_bytes = report.model_bytes;
}

// What the .tflite file holds besides its constants: about this much for each tensor and node, names included.
constexpr std::int64_t kFileBytesPerTensor = 180, kFileBytesPerNode = 60;

std::int64_t predicted_file_bytes(const Deployed& deployed) {
  const Graph& graph = deployed.graph;
  std::int64_t bytes = 4096 + static_cast<std::int64_t>(graph.tensors.size()) * kFileBytesPerTensor +
                       static_cast<std::int64_t>(graph.nodes.size()) * kFileBytesPerNode;
  for (const Tensor& tensor : graph.tensors)
    if (tensor.constant)  // biases stay 32-bit in an int8 network
      bytes += deployed.float_source && tensor.shape.rank() > 1 ? tensor.elements()
                                                                : static_cast<std::int64_t>(tensor.bytes());
  return bytes;
}

}  // namespace

Prediction EdgeTpuTarget::predict(const Graph& graph) const {
  const Deployed network = deployed(graph);
  const Analysis analysis = analyse(chip_, network);
  Prediction result;
  result.latency_ms = analysis.total_ms;
  result.low_ms = analysis.total_ms * chip_.interval.low;
  result.high_ms = analysis.total_ms * chip_.interval.high;
  result.first_ms = analysis.first_ms;
  result.energy_mj = analysis.energy_mj;
  result.onchip_bytes = analysis.onchip_bytes;
  result.onchip_free_bytes = analysis.free_bytes;
  result.offchip_bytes = analysis.offchip_bytes;

  for (const SubgraphAnalysis& part : analysis.subgraphs) {
    result.layers.push_back(transfer("invoke", part.time.fixed_ms, Bound::kFixed));
    result.layers.push_back(transfer("instructions", part.time.instructions_ms, Bound::kInstructions));
    result.layers.push_back(transfer("input", part.time.input_ms, Bound::kInput));
    for (std::size_t i = 0; i < part.layers.size(); ++i) {
      const Layer& layer = part.layers[i];
      const Node& node = network.graph.nodes[static_cast<std::size_t>(layer.node)];
      const bool cached = part.cache.cached[i];
      result.layers.push_back({node.name, compiler_name(node.op), part.time.layers[i].ms,
                               name_of(part.time.layers[i].bound), layer.macs, cached ? layer.parameter_bytes : 0,
                               cached ? 0 : layer.parameter_bytes, layer.in_bytes + layer.out_bytes});
    }
    result.layers.push_back(transfer("output", part.time.output_ms, Bound::kOutput));
  }
  for (std::size_t i = 0; i < network.graph.nodes.size(); ++i) {
    if (analysis.placement.subgraph[i] >= 0) continue;
    const Node& node = network.graph.nodes[i];
    result.fully_mapped = false;
    result.layers.push_back({node.name, compiler_name(node.op), analysis.node_cpu_ms[i], "cpu", 0, 0, 0});
  }
  return result;
}

std::vector<Roof> EdgeTpuTarget::roofs() const {
  const Compute& c = chip_.compute;
  const double macs_per_cycle = static_cast<double>(c.tiles_y) * c.tiles_x * c.cells_per_tile * c.lanes_per_cell;
  return {{fmt::format("{} tiles of {} cells", c.tiles_y * c.tiles_x, c.cells_per_tile),
           macs_per_cycle * c.clock_mhz * 1e-3, 0},
          {fmt::format("weights over {}", chip_.link.name), 0, chip_.link.parameters_mb_per_s * 1e-3}};
}

double EdgeTpuTarget::latency_ms(const Graph& graph) const { return analyse(chip_, deployed(graph)).total_ms; }

CheckReport EdgeTpuTarget::check(const Graph& graph, const CheckOptions& options) const {
  Deployed network = deployed(graph);
  const Analysis analysis = analyse(chip_, network, options.multiple_subgraphs, options.cache_taken);
  CheckReport report;
  report.already_compiled = holds_compiled_op(network.graph);
  report.total_ops = static_cast<int>(network.graph.nodes.size());
  report.subgraphs = analysis.placement.subgraphs;
  for (const SubgraphAnalysis& part : analysis.subgraphs) report.onchip_bytes += part.cache.reported_bytes;
  report.onchip_free_bytes = analysis.free_bytes;
  report.offchip_bytes = analysis.offchip_bytes;
  report.model_bytes = predicted_file_bytes(network);
  report.compiled_bytes = report.model_bytes / 64;
  for (const SubgraphAnalysis& part : analysis.subgraphs)
    report.compiled_bytes +=
        part.cache.onchip_bytes + part.cache.offchip_bytes + static_cast<std::int64_t>(part.instructions);

  for (std::size_t i = 0; i < network.graph.nodes.size(); ++i) {
    const Node& node = network.graph.nodes[i];
    Judgement judgement = judge(OpView(network.graph, node, network.float_source));
    OpVerdict verdict{static_cast<int>(i), node.name,        compiler_name(node.op), judgement.status,
                      judgement.rule,      judgement.reason, judgement.fix};
    if (analysis.placement.subgraph[i] >= 0) {
      ++report.mapped_ops;
    } else if (judgement.status == MapStatus::kMapped) {
      verdict.status = MapStatus::kMoreThanOneSubgraph;
      verdict.rule = "one-subgraph";
      verdict.reason = fmt::format(
          "it comes after {}, which runs on the CPU; the limit: one partition, cut at the "
          "first op that does not map",
          cut_by(network.graph, report.ops, i));
      verdict.fix =
          "make that op map, or move it to the end of the network; --enable-multiple-subgraphs maps this op "
          "at the price of one more trip to the CPU and back";
    }
    report.ops.push_back(std::move(verdict));
  }
  report.refusal = refusal_of(network.graph);
  if (!report.refusal.empty()) refuse(report);
  report.graph = std::move(network.graph);
  return report;
}

}  // namespace Atoll::edgetpu

namespace Atoll {
std::string edgetpu_rules_page() { return edgetpu::rules_page(); }
}  // namespace Atoll
