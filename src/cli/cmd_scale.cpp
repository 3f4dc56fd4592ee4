#include <fmt/format.h>

#include <cmath>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/proxy.h"
#include "atoll/report.h"
#include "atoll/scale.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct ScaleFlags {
  std::string model, target, table, data, output;
  int side = 0, classes = 0;
  double latency_ms = 0, mmacs = 0;
  ScaleOptions grid;
  ProxyOptions proxy;
};

// What is kept within the budget: a target's latency, or multiply-accumulates.
std::function<double(const Graph&)> resource_of(const ScaleFlags& flags) {
  if (flags.latency_ms > 0) {
    return [target = open_target(flags.target)](const Graph& graph) {
      const Prediction prediction = target->predict(graph);
      if (!prediction.fully_mapped)
        fail("'{}' does not map to {} fully: `atoll check` says why", graph.name, target->name());
      return prediction.latency_ms;
    };
  }
  return [](const Graph& graph) { return static_cast<double>(cost_of(graph).macs); };
}

ScaleResult run(const Cli& cli, ScaleFlags& flags) {
  if ((flags.latency_ms > 0) == (flags.mmacs > 0)) fail("scale needs a budget: either --latency-ms or --mmacs");
  if (flags.table.empty() == flags.data.empty())
    fail("scale needs accuracies: either --accuracies TABLE or --data to train on");
  const double budget = flags.latency_ms > 0 ? flags.latency_ms : flags.mmacs * 1e6;
  const auto resource = resource_of(flags);
  if (!flags.table.empty())
    return scale_by_table(scalable_zoo_model(flags.model, flags.side, flags.classes), resource,
                          read_accuracy_table(flags.table), budget);
  const auto data = open_dataset(flags.data, Split::kTrain);
  flags.proxy.seed = cli.common.seed;
  flags.proxy.schedule.threads = cli.common.threads;
  const Objectives objectives = proxy_objectives(data, open_target(flags.target), flags.proxy);
  const int classes = static_cast<int>(data->classes().size());
  flags.grid.budget = budget;
  return scale(
      scalable_zoo_model(flags.model, flags.side, classes), resource,
      [&](const Graph& graph, const Scaling& s) {
        const double accuracy = objectives.accuracy(graph, mix(cli.common.seed, 1), {});
        say("depth {:.2f} width {:.2f} resolution {:.2f}: {:.2f} %", s.depth, s.width, s.resolution, 100 * accuracy);
        return accuracy;
      },
      flags.grid);
}

int scale_command(const Cli& cli, ScaleFlags flags) {
  const ScaleResult result = run(cli, flags);
  const GraphCost cost = cost_of(result.graph);
  const Shape& input = result.graph.input().shape;
  const double latency = open_target(flags.target)->predict(result.graph).latency_ms;
  const std::string name =
      fmt::format("{}:width={:.6g},depth={:.6g}", flags.model, result.scaling.width, result.scaling.depth);
  if (!flags.output.empty()) save_model(result.graph, flags.output);
  if (cli.common.json) {
    nlohmann::json grid = nlohmann::json::array();
    for (const GridPoint& point : result.grid)
      grid.push_back({{"depth", point.scaling.depth},
                      {"width", point.scaling.width},
                      {"resolution", point.scaling.resolution},
                      {"resource", point.resource},
                      {"accuracy", point.accuracy}});
    print_json({{"alpha", result.alpha},
                {"beta", result.beta},
                {"gamma", result.gamma},
                {"phi", result.phi},
                {"model", name},
                {"input", {input.h(), input.w()}},
                {"latency_ms", latency},
                {"macs", cost.macs},
                {"params", cost.params},
                {"grid", grid}});
    return kDone;
  }
  report::Table table{{"depth", "width", "resolution", "resources", "accuracy"}, {}, {true, true, true, true, true}};
  for (const GridPoint& point : result.grid)
    table.rows.push_back({fmt::format("{:.2f}", point.scaling.depth), fmt::format("{:.2f}", point.scaling.width),
                          fmt::format("{:.3f}", point.scaling.resolution), fmt::format("{:.2f}x", point.resource),
                          fmt::format("{:.4g}", point.accuracy)});
  print(report::text_table(table));
  print(
      fmt::format("\nalpha {:.2f} (depth), beta {:.2f} (width), gamma {:.3f} (resolution), phi {:.2f}\n"
                  "{} --input {}x{}: {:.3f} ms on {}, {:.1f} million MACs, {} parameters\n",
                  result.alpha, result.beta, result.gamma, result.phi, name, input.h(), input.w(), latency,
                  flags.target, static_cast<double>(cost.macs) / 1e6, cost.params));
  return kDone;
}

}  // namespace

void add_scale(Cli& cli) {
  CLI::App* command =
      cli.command("scale", "Scales a network up to a budget: depth, width and resolution together",
                  "  atoll scale efficientnet-edgetpu-s --latency-ms 9 --accuracies published.csv\n"
                  "  atoll scale efficientnet-b0 --mmacs 1900 --accuracies published.csv\n"
                  "  atoll scale mobilenet-v2 --data imagefolder:photos --input 96 --latency-ms 3 -o scaled.json\n");
  auto flags = std::make_shared<ScaleFlags>();
  flags->target = "edgetpu-usb3";
  flags->grid.step = 0.1;
  flags->proxy.schedule = {
      .epochs = 2, .warmup_epochs = 0.3, .augmentation = {}, .preprocessing = {}, .checkpoint = {}};
  command->add_option("model", flags->model, "zoo name of a family with width and depth multipliers")->required();
  command->add_option("--target", flags->target, "whose latency counts")->capture_default_str();
  command->add_option("--latency-ms", flags->latency_ms, "budget")->check(CLI::PositiveNumber);
  command->add_option("--mmacs", flags->mmacs, "budget in million multiply-accumulates instead")
      ->check(CLI::PositiveNumber);
  command->add_option("--accuracies", flags->table, "CSV: depth, width, resolution (pixels), accuracy");
  command->add_option("--data", flags->data, "trains every point of the grid for a little instead");
  command->add_option("--input", flags->side, "side of the base network's input; 0: as published")
      ->check(CLI::Range(0, 8192));
  command->add_option("--classes", flags->classes, "with --accuracies; 0: as published")->check(CLI::Range(0, 100000));
  command->add_option("--factor", flags->grid.factor, "resources of the grid's points, times the base's")
      ->check(CLI::Range(1.01, 100.0))
      ->capture_default_str();
  command->add_option("--tolerance", flags->grid.tolerance, "of the factor, as a share")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command->add_option("--step", flags->grid.step, "of alpha, beta and gamma")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command->add_option("--epochs", flags->proxy.schedule.epochs, "of a grid point's training")->capture_default_str();
  command->add_option("--images", flags->proxy.images, "of a grid point's training; 0: all")->capture_default_str();
  command->add_option("-o,--output", flags->output, "architecture file (.json) for the scaled network");
  cli.run(command, [&cli, flags] { return scale_command(cli, *flags); });
}

}  // namespace Atoll::cli
