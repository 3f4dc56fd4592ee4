#include "search/zoo_cell_space.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "atoll/zoo.h"

namespace Atoll {

Graph ZooCellSpace::build(const Genotype& genotype) const {
  Graph graph =
      build_zoo_model(describe(genotype),
                      {.h = options_.h, .w = options_.w, .channels = options_.channels, .classes = options_.classes});
  graph.name = name_ + " network";
  graph.description = describe(genotype);
  return graph;
}

std::string ZooCellSpace::describe(const Genotype& genotype) const {
  require_valid(*this, genotype);
  return name_ + ":" + word_(genotype, decisions_);
}

namespace {

// Edges of a NAS-Bench-201 cell in the order of its decisions, and its choice for no operation.
constexpr std::array<std::pair<int, int>, 6> kEdges = {{{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}}};
constexpr int kNone = 0;

// Edges that the input does not reach, or that do not lead to the output, carry nothing.
Genotype without_dead_edges(Genotype genotype) {
  std::array<bool, 4> reached = {true}, leads = {false, false, false, true};
  for (std::size_t e = 0; e < kEdges.size(); ++e)
    if (genotype[e] != kNone && reached[kEdges[e].first]) reached[kEdges[e].second] = true;
  for (std::size_t e = kEdges.size(); e-- > 0;)
    if (genotype[e] != kNone && leads[kEdges[e].second]) leads[kEdges[e].first] = true;
  for (std::size_t e = 0; e < kEdges.size(); ++e)
    if (!reached[kEdges[e].first] || !leads[kEdges[e].second]) genotype[e] = kNone;
  return genotype;
}

}  // namespace

std::unique_ptr<Space> nas_bench_201_space(const SpaceOptions& options) {
  std::vector<Decision> decisions;
  for (const auto& [from, to] : kEdges)
    decisions.push_back({fmt::format("node{}/from{}", to, from),
                         {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"}});
  const auto word = [](const Genotype& genotype, const std::vector<Decision>& all) {
    std::string text;
    std::size_t edge = 0;
    for (int to = 1; to <= 3; ++to) {
      text += to == 1 ? "|" : "+|";
      for (int from = 0; from < to; ++from, ++edge)
        text += fmt::format("{}~{}|", all[edge].choices[static_cast<std::size_t>(genotype[edge])], from);
    }
    return text;
  };
  return std::make_unique<ZooCellSpace>("nas-bench-201", std::move(decisions), word, without_dead_edges, options);
}

std::unique_ptr<Space> accel_nasbench_space(const SpaceOptions& options) {
  std::vector<Decision> decisions;
  for (int block = 0; block < 7; ++block) {
    const std::string name = fmt::format("block{}/", block);
    decisions.push_back({name + "expansion", {"1", "4", "6"}});
    decisions.push_back({name + "kernel", {"3", "5"}});
    decisions.push_back({name + "layers", {"1", "2", "3"}});
    if (block == 5) decisions.back().choices.emplace_back("4");
    decisions.push_back({name + "squeeze", {"0", "1"}});
  }
  const auto word = [](const Genotype& genotype, const std::vector<Decision>& all) {
    std::string text;
    for (std::size_t i = 0; i < genotype.size(); ++i)
      text += (i == 0 ? "" : ",") + all[i].choices[static_cast<std::size_t>(genotype[i])];
    return text;
  };
  return std::make_unique<ZooCellSpace>(
      "accel-nasbench", std::move(decisions), word, [](Genotype genotype) { return genotype; }, options);
}

}  // namespace Atoll
