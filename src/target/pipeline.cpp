#include "atoll/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "atoll/error.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/edgetpu_target.h"

namespace Atoll {
namespace {

// What a chip would take for a run of layers by itself, with what crosses its borders.
class Runs {
 public:
  Runs(const edgetpu::Chip& chip, const Graph& graph, std::span<const edgetpu::Layer> layers)
      : chip_(chip), graph_(graph), layers_(layers) {}

  Segment segment(std::size_t first, std::size_t last) const {
    const auto run = layers_.subspan(first, last - first + 1);
    edgetpu::Placement placement{std::vector<int>(graph_.nodes.size(), -1), 1};
    for (const edgetpu::Layer& layer : run) placement.subgraph[static_cast<std::size_t>(layer.node)] = 0;
    const edgetpu::Boundary boundary = edgetpu::boundary_of(graph_, placement, 0);
    const edgetpu::Cache cache = edgetpu::allocate(chip_, run, 0);
    const double ms =
        edgetpu::timeline(chip_, run, cache, boundary.traffic, edgetpu::instruction_bytes(chip_, run)).total_ms;
    return {run.front().node, run.back().node, ms, cache.onchip_bytes, cache.offchip_bytes};
  }

 private:
  const edgetpu::Chip& chip_;
  const Graph& graph_;
  std::span<const edgetpu::Layer> layers_;
};

}  // namespace

std::vector<Segment> pipeline_segments(const Target& target, const Graph& graph, int count) {
  const auto* edge = dynamic_cast<const edgetpu::EdgeTpuTarget*>(&target);
  if (edge == nullptr) fail("only an Edge TPU can be one of a pipeline, but the target is '{}'", target.name());
  const Deployed network = deployed(graph);
  const edgetpu::Analysis analysis = edgetpu::analyse(edge->chip(), network);
  if (analysis.subgraphs.size() != 1 || analysis.subgraphs[0].layers.size() != network.graph.nodes.size())
    fail("'{}' does not map fully, so it cannot be split for a pipeline; `atoll check` says why", graph.name);
  const std::vector<edgetpu::Layer>& layers = analysis.subgraphs[0].layers;
  const std::size_t n = layers.size();
  if (count < 1 || static_cast<std::size_t>(count) > n)
    fail("the number of segments is {}, but should be between 1 and the {} operations of '{}'", count, n, graph.name);

  // best[k][i]: the slowest of k + 1 segments over the first i + 1 layers, at its best.
  const Runs runs(edge->chip(), network.graph, layers);
  const auto segments = static_cast<std::size_t>(count);
  std::vector<std::vector<Segment>> run(n, std::vector<Segment>(n));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i; j < n; ++j) run[i][j] = runs.segment(i, j);
  const double worst = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> best(segments, std::vector<double>(n, worst));
  std::vector<std::vector<std::size_t>> start(segments, std::vector<std::size_t>(n, 0));
  for (std::size_t i = 0; i < n; ++i) best[0][i] = run[0][i].ms;
  for (std::size_t k = 1; k < segments; ++k)
    for (std::size_t i = k; i < n; ++i)
      for (std::size_t j = k; j <= i; ++j) {
        const double slowest = std::max(best[k - 1][j - 1], run[j][i].ms);
        if (slowest >= best[k][i]) continue;
        best[k][i] = slowest;
        start[k][i] = j;
      }
  std::vector<Segment> result;
  std::size_t end = n - 1;
  for (std::size_t k = segments; k-- > 0;) {
    const std::size_t begin = k == 0 ? 0 : start[k][end];
    result.insert(result.begin(), run[begin][end]);
    if (k > 0) end = begin - 1;
  }
  return result;
}

}  // namespace Atoll
