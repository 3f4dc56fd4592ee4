// The networks worth measuring first on an unknown device: each moves one parameter of the chip model, or the rate
// of one kind of layer.
#include <fmt/format.h>

#include <string_view>

#include "atoll/builder.h"
#include "atoll/calibrate.h"
#include "atoll/model.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "base/file.h"

namespace Atoll {
namespace {

TensorId to_one_position(GraphBuilder& b, TensorId x) {
  const Shape shape = b.shape(x);
  return b.node(
      "pool", AveragePool2D{{static_cast<int>(shape.h()), static_cast<int>(shape.w())}, {1, 1}, Padding::valid()}, {x});
}

Graph transfer_in(int side) {
  GraphBuilder b(fmt::format("probe_input_{}", side));
  const TensorId x = b.input({1, side, side, 3});
  return b.build({b.conv2d(x, 4, 1, {.stride = side, .padding = Padding::valid(), .bias = true}, "stride")});
}

Graph transfer_out(int side) {
  GraphBuilder b(fmt::format("probe_output_{}", side));
  const TensorId x = b.input({1, 2, 2, 3});
  return b.build({b.node("pad", Pad{{0, 0, 0, 0}, {0, side - 2, side - 2, 0}}, {x})});
}

Graph convolutions(int side, int channels, int kernel, int layers, bool depthwise) {
  GraphBuilder b(fmt::format("probe_{}{}_{}x{}_{}layers", depthwise ? "dw" : "conv", kernel, side, channels, layers));
  TensorId x = b.input({1, side, side, 3});
  x = b.conv2d(x, channels, 1, {.bias = true}, "widen");
  for (int i = 0; i < layers; ++i) {
    const std::string name = "layer" + std::to_string(i);
    x = depthwise ? b.depthwise(x, kernel, {.bias = true}, name) : b.conv2d(x, channels, kernel, {.bias = true}, name);
  }
  return b.build({to_one_position(b, x)});
}

Graph dense(int units, int layers) {
  GraphBuilder b(fmt::format("probe_dense_{}_{}layers", units, layers));
  TensorId x = b.input({1, units});
  for (int i = 0; i < layers; ++i) x = b.fully_connected(x, units, "layer" + std::to_string(i));
  return b.build({x});
}

enum class Mix { kAdd, kMul };

// Ops of two tensors behind a convolution that makes the second.
Graph elementwise(int side, int channels, Mix mix, int layers) {
  GraphBuilder b(fmt::format("probe_{}_{}x{}_{}layers", mix == Mix::kAdd ? "add" : "mul", side, channels, layers));
  const TensorId first = b.conv2d(b.input({1, side, side, 3}), channels, 1, {.bias = true}, "widen");
  TensorId x = first;
  for (int i = 0; i < layers; ++i)
    x = b.node("layer" + std::to_string(i), mix == Mix::kAdd ? Op(Add{}) : Op(Mul{}), {x, first});
  return b.build({to_one_position(b, x)});
}

// Blocks of mobile networks: widen, depthwise, narrow, add.
Graph bottlenecks(int side, int channels, int expand, int blocks) {
  GraphBuilder b(fmt::format("probe_bottleneck_{}x{}_{}blocks", side, channels, blocks));
  TensorId x = b.conv2d(b.input({1, side, side, 3}), channels, 1, {.bias = true}, "widen");
  for (int i = 0; i < blocks; ++i) {
    const auto scope = b.scope("block" + std::to_string(i));
    TensorId y = b.conv2d(x, channels * expand, 1, {.activation = Activation::kRelu6, .bias = true}, "expand");
    y = b.depthwise(y, 3, {.activation = Activation::kRelu6, .bias = true}, "depthwise");
    x = b.node("add", Add{}, {b.conv2d(y, channels, 1, {.bias = true}, "project"), x});
  }
  return b.build({to_one_position(b, x)});
}

std::vector<Graph> probe_networks() {
  std::vector<Graph> networks;
  const auto add = [&](Graph graph) { networks.push_back(std::move(graph)); };
  for (const int side : {2, 64, 224}) add(transfer_in(side));
  for (const int side : {64, 128}) add(transfer_out(side));
  for (const int layers : {4, 12})
    for (const int kernel : {1, 3, 5}) {
      add(convolutions(56, 64, kernel, layers, false));
      add(convolutions(56, 64, kernel, layers, true));
    }
  for (const int channels : {16, 32, 128, 256}) add(convolutions(28, channels, 3, 6, false));
  add(convolutions(7, 512, 3, 6, false));  // beyond the cache
  for (const int units : {512, 1024, 2048}) add(dense(units, 4));
  add(elementwise(56, 64, Mix::kAdd, 8));
  add(elementwise(56, 64, Mix::kMul, 8));
  add(bottlenecks(56, 24, 6, 4));
  add(bottlenecks(14, 96, 6, 4));
  return networks;
}

constexpr std::string_view kReadme = R"(# Networks to measure first

Each model here is small, and each tells something else of a device: what one inference costs before any work, how fast
data goes in and out, how fast it multiplies in convolutions, depthwise convolutions and dense layers, what weights cost
that do not stay on the chip, what ops cost that only move or combine values. Their weights are random: only time matters.

1. Compile the models for the device where it needs that (for a Coral Edge TPU: `edgetpu_compiler probe_*.tflite`).
2. For each model: load it once, run it some 20 times to warm up, then time at least 100 single inferences as your
   application would run them (batch 1, the input copied in, the output copied out). Take the median, in milliseconds.
3. Keep the conditions: same device, host, cable, clock or power mode, no other load, device not hot from the last model.
4. Write the medians into the column `ms` of `measurements.csv`. Delete the lines of models that the device cannot run.
   Add lines for networks of your own: the more they resemble what you will ask about, the better.
5. Fit:

       atoll calibrate --measurements measurements.csv --base edgetpu-usb3 -o mine.json --conditions "host, link, clock"
       atoll predict mobilenet-v2 --target mine.json
)";

}  // namespace

std::vector<Graph> probe_models(std::uint64_t seed) {
  std::vector<Graph> models;
  for (const Graph& network : probe_networks()) models.push_back(with_random_weights(network, seed, true));
  return models;
}

std::vector<std::filesystem::path> write_probe(const std::filesystem::path& folder, const ProbeOptions& options) {
  make_folder(folder);
  std::vector<std::filesystem::path> files;
  report::Table table{{"model", "ms"}, {}, {}};
  const auto write = [&](const Graph& graph, const std::string& name) {
    files.push_back(folder / (name + ".tflite"));
    save_model(graph, files.back());
    table.rows.push_back({name + ".tflite", ""});
  };
  for (const Graph& graph : probe_models(options.seed)) write(graph, graph.name);
  if (options.float_too)
    for (const Graph& network : probe_networks())
      write(with_random_weights(network, options.seed), network.name + "_float");
  write_file(folder / "measurements.csv", report::csv(table));
  write_file(folder / "README.md", kReadme);
  return files;
}

}  // namespace Atoll
