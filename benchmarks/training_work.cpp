// How well `training_work` tells what training costs: random networks of the space "edgetpu" for 28x28 pictures
// are trained for some steps, and the three costs that it adds up are fitted to the times anew.
#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>

#include "atoll/search.h"
#include "atoll/threads.h"
#include "atoll/train.h"
#include "base/timer.h"

namespace {

using namespace Atoll;

constexpr int kNetworks = 20, kBatch = 32, kSide = 28, kClasses = 10;

Eigen::Vector3d costs_of(const Graph& graph) {  // dense MACs, depthwise MACs, normalised activations
  Eigen::Vector3d costs = Eigen::Vector3d::Zero();
  for (const Node& node : graph.nodes) {
    costs[std::holds_alternative<DepthwiseConv2D>(node.op) ? 1 : 0] += static_cast<double>(cost_of(graph, node).macs);
    if (std::holds_alternative<BatchNorm>(node.op))
      costs[2] += static_cast<double>(graph.tensor(node.outputs[0]).elements());
  }
  return costs;
}

double ms_per_image(const Graph& graph, int threads) {
  Rng rng(1);
  TrainOptions options;
  options.batch = kBatch;
  options.threads = threads;
  const auto backend = make_cpu_backend(initialize(graph, rng), options);
  Batch batch;
  batch.size = kBatch;
  for (int i = 0; i < kBatch * kSide * kSide; ++i) batch.images.push_back(static_cast<float>(rng.uniform(-1, 1)));
  for (int i = 0; i < kBatch; ++i) batch.labels.push_back(i % kClasses);
  std::uint64_t step = 0;
  return measure([&] { backend->step(batch, {.learning_rate = 1e-4, .step = step++}); },
                 {.warmup_runs = 2, .min_runs = 10, .min_seconds = 0.7, .max_seconds = 5})
             .median_ms /
         kBatch;
}

}  // namespace

int main() {
  const auto space = make_space("edgetpu", {.h = kSide, .w = kSide, .channels = 1, .classes = kClasses});
  const int threads = std::min(2, hardware_threads());
  Eigen::MatrixXd costs(kNetworks, 3);
  Eigen::VectorXd ms(kNetworks), work(kNetworks);
  Rng rng(7);
  for (int i = 0; i < kNetworks; ++i) {
    const Genotype genotype = random_genotype(*space, rng);
    const Graph graph = space->build(genotype);
    costs.row(i) = costs_of(graph);
    work[i] = training_work(graph);
    ms[i] = ms_per_image(graph, threads);
    fmt::print("{:7.3f} M dense {:6.3f} M depthwise {:6.3f} M normalised {:7.4f} ms an image  {}\n", costs(i, 0) / 1e6,
               costs(i, 1) / 1e6, costs(i, 2) / 1e6, ms[i], space->describe(genotype));
  }
  const Eigen::MatrixXd relative = ms.cwiseInverse().asDiagonal() * costs;  // least squares of relative errors
  const Eigen::Vector3d fit = relative.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(kNetworks));
  fmt::print("fitted: a depthwise MAC costs {:.1f} dense ones, a normalised activation {:.0f}\n", fit[1] / fit[0],
             fit[2] / fit[0]);
  const Eigen::VectorXd rate = work.cwiseQuotient(ms);
  const double typical = median({rate.begin(), rate.end()});
  const Eigen::ArrayXd error = (rate.array() / typical - 1).abs();
  fmt::print("training_work: mean error {:.1f} %, worst {:.1f} %, {} thread(s), batches of {}\n", 100 * error.mean(),
             100 * error.maxCoeff(), threads, kBatch);
  return 0;
}
