#include <fmt/format.h>

#include "atoll/report.h"
#include "atoll/target.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "report/utf8.h"

namespace Atoll::cli {
namespace {

struct PredictFlags {
  ModelArgument model;
  std::string target = "edgetpu-usb3", changes, html;
  bool csv = false;
};

report::Table layer_table(const Prediction& prediction, bool exact) {
  report::Table table{{"layer", "op", "ms", "share", "bound by", "MACs", "on-chip", "off-chip"}, {}, {}};
  table.right = {false, false, true, true, false, true, true, true};
  for (const LayerPrediction& layer : prediction.layers) {
    const double share = prediction.latency_ms > 0 ? layer.ms / prediction.latency_ms : 0;
    const auto bytes = [&](std::int64_t n) {
      return exact ? std::to_string(n) : n == 0 ? "" : bytes_text(static_cast<double>(n));
    };
    table.rows.push_back({exact ? layer.name : report::shortened(layer.name), layer.op, fmt::format("{:.4f}", layer.ms),
                          fmt::format("{:.1f} %", 100 * share), layer.bound_by,
                          exact             ? std::to_string(layer.macs)
                          : layer.macs == 0 ? ""
                                            : count_text(static_cast<double>(layer.macs)),
                          bytes(layer.onchip_bytes), bytes(layer.offchip_bytes)});
  }
  return table;
}

nlohmann::json to_json(const std::string& model, const Target& target, const Prediction& prediction,
                       const Prediction* before) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerPrediction& layer : prediction.layers)
    layers.push_back({{"name", layer.name},
                      {"op", layer.op},
                      {"ms", layer.ms},
                      {"bound_by", layer.bound_by},
                      {"macs", layer.macs},
                      {"onchip_bytes", layer.onchip_bytes},
                      {"offchip_bytes", layer.offchip_bytes}});
  return {{"model", model},
          {"target", target.name()},
          {"description", target.description()},
          {"latency_ms", prediction.latency_ms},
          {"unchanged_latency_ms", before != nullptr ? nlohmann::json(before->latency_ms) : nlohmann::json(nullptr)},
          {"low_ms", prediction.low_ms},
          {"high_ms", prediction.high_ms},
          {"first_ms", prediction.first_ms},
          {"energy_mj", prediction.energy_mj},
          {"onchip_bytes", prediction.onchip_bytes},
          {"onchip_free_bytes", prediction.onchip_free_bytes},
          {"offchip_bytes", prediction.offchip_bytes},
          {"fully_mapped", prediction.fully_mapped},
          {"layers", layers}};
}

std::string summary(const std::string& model, const Target& target, const Prediction& prediction,
                    const Prediction* before) {
  const auto first = [](const Prediction& p) {
    return p.first_ms > 0 ? fmt::format(", first inference {:.2f} ms", p.first_ms) : std::string();
  };
  std::string text = fmt::format("{} on {}: {:.2f} ms ({:.2f} to {:.2f} ms, 80 % interval){}\n", model, target.name(),
                                 prediction.latency_ms, prediction.low_ms, prediction.high_ms, first(prediction));
  if (before != nullptr)
    text += fmt::format("unchanged: {:.2f} ms{}, {} streamed\n", before->latency_ms, first(*before),
                        bytes_text(static_cast<double>(before->offchip_bytes)));
  text += fmt::format("{}: {}\n", target.name(), target.description());
  if (prediction.onchip_bytes + prediction.offchip_bytes > 0)
    text += fmt::format("parameters: {} on the chip, {} streamed in every inference\n",
                        bytes_text(static_cast<double>(prediction.onchip_bytes)),
                        bytes_text(static_cast<double>(prediction.offchip_bytes)));
  if (prediction.energy_mj > 0)
    text += fmt::format("energy: about {:.1f} mJ an inference (an estimate)\n", prediction.energy_mj);
  if (!prediction.fully_mapped) text += "not every op maps: `atoll check` says which, and what to do\n";
  return text;
}

int predict(const Cli& cli, const PredictFlags& flags) {
  const Graph graph = flags.model.load();
  const bool changed = !flags.changes.empty();
  const auto base = open_target(flags.target), target = changed ? what_if(flags.target, flags.changes) : base;
  const Prediction before = base->predict(graph), prediction = changed ? target->predict(graph) : before;
  if (!flags.html.empty()) {
    const PredictionOn now{*target, prediction}, unchanged{*base, before};
    write_file(flags.html, prediction_page(flags.model.model, now, changed ? &unchanged : nullptr));
    say("wrote {}", flags.html);
  }
  if (cli.common.json)
    print_json(to_json(flags.model.model, *target, prediction, changed ? &before : nullptr));
  else if (flags.csv)
    print(report::csv(layer_table(prediction, true)));
  else
    print(report::text_table(layer_table(prediction, false)) + "\n" +
          summary(flags.model.model, *target, prediction, changed ? &before : nullptr));
  return kDone;
}

}  // namespace

void add_predict(Cli& cli) {
  CLI::App* command =
      cli.command("predict", "Predicts how long one inference takes, layer by layer, and what bounds it",
                  "  atoll predict efficientnet-edgetpu-s --target edgetpu-usb3\n"
                  "  atoll predict model.tflite --csv > layers.csv\n"
                  "  atoll predict resnet50-v1 --what-if sram=16MiB,clock=1GHz --html resnet50.html\n");
  auto flags = std::make_shared<PredictFlags>();
  flags->model.declare(command);
  command->add_option("--target", flags->target, "a target's name or file (atoll targets lists them)")
      ->capture_default_str();
  command->add_option("--what-if", flags->changes, "another chip: sram=16MiB,clock=1GHz,link=usb2");
  command->add_option("--html", flags->html, "write a page with charts to this file");
  command->add_flag("--csv", flags->csv, "layers as CSV on stdout");
  cli.run(command, [&cli, flags] { return predict(cli, *flags); });
}

}  // namespace Atoll::cli
