// A space whose networks are tiny and whose best one is known: twelve decisions of three choices, and the
// accuracy grows with the number of decisions that hold the secret choice.
#pragma once

#include <fmt/format.h>

#include "atoll/builder.h"
#include "atoll/search.h"

namespace Atoll {

class ToySpace : public Space {
 public:
  explicit ToySpace(int decisions = 12) {
    for (int i = 0; i < decisions; ++i) decisions_.push_back({fmt::format("d{}", i), {"0", "1", "2"}});
  }
  const std::string& name() const override { return name_; }
  const std::vector<Decision>& decisions() const override { return decisions_; }
  std::string describe(const Genotype& genotype) const override {
    return fmt::format("toy {}", fmt::join(genotype, ""));
  }
  // Carries the genotype in its description, so that the objectives can be functions of the Graph.
  Graph build(const Genotype& genotype) const override {
    require_valid(*this, genotype);
    GraphBuilder b("toy");
    const TensorId x = b.input({1, 4});
    std::int64_t sum = 0;
    for (const int choice : genotype) sum += choice;
    Graph graph = b.build({b.fully_connected(x, static_cast<int>(2 + sum), "fc")});
    for (const int choice : genotype) graph.description += static_cast<char>('0' + choice);
    return graph;
  }

  static double accuracy(const std::string& digits) {
    double hits = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) hits += digits[i] - '0' == static_cast<int>(i * 7 + 1) % 3;
    return hits / static_cast<double>(digits.size());
  }
  static double latency_ms(const std::string& digits) {
    double sum = 1;
    for (const char digit : digits) sum += digit - '0';
    return sum;
  }
  static std::string digits(const Genotype& genotype) {
    std::string text;
    for (const int choice : genotype) text += static_cast<char>('0' + choice);
    return text;
  }
  static Objectives objectives() {
    return {
        .costs = costs_by_latency([](const Graph& graph) { return latency_ms(graph.description); }),
        .accuracy = [](const Graph& graph, std::uint64_t, const TrainHooks&) { return accuracy(graph.description); },
        .validation_images = 0,
        .obstacles = {}};
  }

 private:
  std::string name_ = "toy";
  std::vector<Decision> decisions_;
};

}  // namespace Atoll
