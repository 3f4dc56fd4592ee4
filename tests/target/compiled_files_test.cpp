// Our verdicts beside what the compiler really did with published networks; needs the folder of Edge TPU data.
#include "target/compiled_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "target/edgetpu/analysis.h"
#include "target/edgetpu_data.h"

namespace Atoll {
namespace {

using edgetpu_data::CompiledFile;

std::string size_of(const Shape& shape) {
  const edgetpu::Extent e = edgetpu::extent_of(shape);
  return fmt::format("{}x{}x{}", e.y, e.x, e.z);
}

// The maps that cross the border of our one subgraph, in the compiled file's words.
CompiledFile our_cut(const std::string& model, const Deployed& network) {
  const Graph& graph = network.graph;
  const edgetpu::Placement placement = edgetpu::analyse(edgetpu::known_chips().front(), network).placement;
  CompiledFile ours{.model = model, .subgraphs = placement.subgraphs};
  const Uses uses = uses_of(graph);
  const auto inside = [&](int node) { return node >= 0 && placement.subgraph[static_cast<std::size_t>(node)] >= 0; };
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].constant) continue;
    const bool made = inside(uses.producer[t]);
    bool read_inside = false, read_outside = uses.consumers[t].empty();
    for (const int reader : uses.consumers[t]) (inside(reader) ? read_inside : read_outside) = true;
    if (made && read_outside) ours.outputs.insert(size_of(graph.tensors[t].shape));
    if (!made && read_inside) ours.inputs.insert(size_of(graph.tensors[t].shape));
  }
  return ours;
}

// Where the compiler did something else, and why ours differs.
const std::map<std::string, std::string>& known_disagreements() {
  static const std::string kReshaped =
      "the compiler moves a RESHAPE in front of the QUANTIZE at the input: the same bytes under another shape";
  static const std::string kTracker = "ricardodeazambuja/libredgetpu:libredgetpu/tracker/templates/bright_";
  static const std::map<std::string, std::string> kReasons = {
      {"google-coral/test_data:keras_lstm_mnist_ptq.tflite", "an LSTM's state leaves the chip too, which no op writes"},
      {kTracker + "16x16.tflite", kReshaped},
      {kTracker + "64x64.tflite", kReshaped},
      {kTracker + "128x128.tflite", kReshaped},
  };
  return kReasons;
}

TEST(CompiledFiles, AreCutWhereTheCompilerCutThem) {
  const auto folder = edgetpu_data::folder();
  if (!folder) GTEST_SKIP() << "no folder of Edge TPU data (ATOLL_DATA)";
  const auto graphs = edgetpu_data::published_graphs(*folder);
  int compared = 0, disagreed = 0;
  for (const CompiledFile& theirs : edgetpu_data::compiled_files(*folder)) {
    const auto graph = graphs.find(theirs.model);
    if (graph == graphs.end()) continue;
    ++compared;
    const CompiledFile ours = our_cut(theirs.model, graph->second);
    const bool agree =
        ours.subgraphs == theirs.subgraphs && ours.inputs == theirs.inputs && ours.outputs == theirs.outputs;
    const bool known = known_disagreements().contains(theirs.model);
    disagreed += !agree;
    EXPECT_EQ(agree, !known) << theirs.model << "\n  compiler: " << theirs.subgraphs << " subgraphs, in "
                             << fmt::format("{}", fmt::join(theirs.inputs, " ")) << ", out "
                             << fmt::format("{}", fmt::join(theirs.outputs, " ")) << "\n  ours: " << ours.subgraphs
                             << ", in " << fmt::format("{}", fmt::join(ours.inputs, " ")) << ", out "
                             << fmt::format("{}", fmt::join(ours.outputs, " "));
  }
  fmt::print("{} compiled files, {} cut alike\n", compared, compared - disagreed);
  for (const auto& [model, reason] : known_disagreements()) fmt::print("  {}: {}\n", model, reason);
  EXPECT_GE(compared, 80);
  EXPECT_EQ(disagreed, static_cast<int>(known_disagreements().size()));
}

}  // namespace
}  // namespace Atoll
