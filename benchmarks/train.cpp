// Training speed: images per second of whole steps (forward, backward, update) on drawn batches, and the
// memory that they need. With --layers, the time of each layer.
#include "atoll/train.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "atoll/builder.h"
#include "atoll/threads.h"
#include "atoll/zoo.h"
#include "base/timer.h"
#include "train/cpu/backend.h"

namespace {

using namespace Atoll;

// What a search over Fashion-MNIST or CIFAR-10 trains: fused blocks, then depthwise ones.
Graph small_net(int side, int channels) {
  GraphBuilder b("small");
  TensorId x = b.input({1, side, side, channels});
  int number = 0;
  const auto normalized = [&](TensorId y, bool active) {
    y = b.batch_norm(y, "bn" + std::to_string(number));
    return active ? b.node("relu" + std::to_string(number), Relu{}, {y}) : y;
  };
  const auto conv = [&](TensorId y, int out, int kernel, int stride, bool active) {
    y = b.conv2d(y, out, kernel, {.stride = stride}, "conv" + std::to_string(++number));
    return normalized(y, active);
  };
  const auto depthwise = [&](TensorId y, int kernel, int stride) {
    y = b.depthwise(y, kernel, {.stride = stride}, "depthwise" + std::to_string(++number));
    return normalized(y, true);
  };
  const auto block = [&](TensorId y, int out, int kernel, int expansion, int stride, bool fused) {
    const int in = static_cast<int>(b.shape(y).c()), wide = in * expansion;
    TensorId z = fused ? conv(y, wide, kernel, stride, true) : depthwise(conv(y, wide, 1, 1, true), kernel, stride);
    z = conv(z, out, 1, 1, false);
    return stride == 1 && in == out ? b.node("add" + std::to_string(number), Add{}, {z, y}) : z;
  };
  x = conv(x, 16, 3, 1, true);
  x = block(x, 16, 3, 4, 1, true);
  x = block(x, 24, 3, 4, 2, true);
  x = block(x, 24, 3, 4, 1, true);
  x = block(x, 40, 3, 4, 2, true);
  x = block(x, 40, 3, 4, 1, true);
  x = block(x, 64, 5, 6, 1, false);
  x = block(x, 64, 5, 6, 1, false);
  x = conv(x, 256, 1, 1, true);
  x = b.node("pool", Mean{}, {x});
  return b.build({b.fully_connected(x, 10, "classifier")});
}

Batch drawn_batch(const Graph& graph, int size) {
  Rng rng(1);
  Batch batch{.size = size, .images = {}, .labels = {}, .mixed_labels = {}, .mixed_share = {}};
  const std::int64_t floats = graph.input().elements() / graph.input().shape[0];
  batch.images.resize(static_cast<std::size_t>(size * floats));
  for (float& value : batch.images) value = static_cast<float>(rng.uniform(-1, 1));
  for (int i = 0; i < size; ++i) batch.labels.push_back(static_cast<int>(rng.below(graph.output().shape.back())));
  return batch;
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void print_layers(const training::cpu::CpuBackend& backend, int steps) {
  double total_forward = 0, total_backward = 0;
  std::map<std::string, std::pair<double, double>> by_op;
  for (const auto& layer : backend.layer_times()) {
    const double f = layer.forward * 1e3 / steps, g = layer.backward * 1e3 / steps;
    fmt::print("    {:<44} {:<18} {:8.3f} {:8.3f}\n", layer.name, layer.op, f, g);
    by_op[layer.op].first += f;
    by_op[layer.op].second += g;
    total_forward += f;
    total_backward += g;
  }
  fmt::print("    CPU ms a step in thread 0: forward {:.1f}, backward {:.1f}\n", total_forward, total_backward);
  for (const auto& [op, ms] : by_op) fmt::print("      {:<18} {:8.2f} {:8.2f}\n", op, ms.first, ms.second);
}

void run(const std::string& name, const Graph& untrained, int batch_size, int threads, double seconds, bool layers) {
  Rng rng(1);
  const Graph graph = initialize(untrained, rng);
  TrainOptions options;
  options.batch = batch_size;
  options.threads = threads;
  training::cpu::CpuBackend backend(graph, options);
  const Batch batch = drawn_batch(graph, batch_size);
  std::uint64_t step = 0;
  const auto train_once = [&] { backend.step(batch, {.learning_rate = 0.01, .step = step++}); };
  train_once();
  backend.time_layers(layers);
  const std::uint64_t before = step;
  const Timing timing =
      measure(train_once, {.warmup_runs = 1, .min_runs = 3, .min_seconds = seconds, .max_seconds = 4 * seconds});
  const GraphCost cost = cost_of(graph);
  const auto images_per_s = [&](double ms) { return batch_size / ms * 1e3; };
  fmt::print(
      "{:<28} batch {:>3}, {} thread{}: {:8.1f} img/s median, {:8.1f} best ({:.0f} GFLOP/s); {:.0f} MiB of "
      "activations, {:.0f} MiB peak\n",
      name, batch_size, threads, threads == 1 ? " " : "s", images_per_s(timing.median_ms), images_per_s(timing.min_ms),
      6e-9 * static_cast<double>(cost.macs) * images_per_s(timing.min_ms),
      static_cast<double>(backend.arena_bytes()) / (1 << 20), peak_mib());
  if (layers) print_layers(backend, static_cast<int>(step - before));
}

}  // namespace

int main(int argc, char** argv) {
  bool layers = false;
  std::string only;
  int threads = std::min(2, hardware_threads());
  double seconds = 5;
  int batch = 0;  // 0: each network's own
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--layers")
      layers = true;
    else if (word == "--only" && i + 1 < argc)
      only = argv[++i];
    else if (word == "--threads" && i + 1 < argc)
      threads = std::atoi(argv[++i]);
    else if (word == "--batch" && i + 1 < argc)
      batch = std::atoi(argv[++i]);
    else if (word == "--seconds" && i + 1 < argc)
      seconds = std::atof(argv[++i]);
    else {
      fmt::print(stderr,
                 "usage: train [--layers] [--only small28|small32|edgetpu-s] [--threads N] [--batch N] "
                 "[--seconds S]\n");
      return 1;
    }
  }
  const auto wanted = [&](const char* name) { return only.empty() || only == name; };
  if (wanted("small28")) run("small net, 28x28x1", small_net(28, 1), batch > 0 ? batch : 128, threads, seconds, layers);
  if (wanted("small32")) run("small net, 32x32x3", small_net(32, 3), batch > 0 ? batch : 128, threads, seconds, layers);
  if (wanted("edgetpu-s"))
    run("efficientnet-edgetpu-s, 224", build_zoo_model("efficientnet-edgetpu-s"), batch > 0 ? batch : 16, threads,
        seconds, layers);
  return 0;
}
