#include <fmt/format.h>

#include <algorithm>

#include "atoll/data.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "atoll/target.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct CompareFlags {
  std::vector<std::string> models;
  ModelArgument zoo;  // --input and --classes, for the zoo names among them
  std::string target = "edgetpu-usb3", data, html;
};

std::optional<double> published_top1(const std::string& model) {
  for (const ZooEntry& entry : zoo_entries())
    if (entry.name == model) return entry.published_top1;
  return std::nullopt;
}

// What a reader of the chart must know: a published accuracy is of the network as it was published.
std::string how_it_runs(const Graph& graph, const Prediction& prediction) {
  const auto on_cpu = std::count_if(prediction.layers.begin(), prediction.layers.end(),
                                    [](const LayerPrediction& layer) { return layer.bound_by == "cpu"; });
  const bool silu = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                [](const Node& node) { return std::holds_alternative<Swish>(node.op); });
  if (on_cpu > 0) return fmt::format("{} ops do not map and run on the CPU", on_cpu);
  return silu ? "with its own activation: SiLU runs as LOGISTIC and MUL" : "";
}

ComparedModel judged(const CompareFlags& flags, const std::string& model, const Target& target, int threads) {
  ModelArgument argument = flags.zoo;
  argument.model = model;
  const bool as_published = argument.input.empty() && argument.classes == 0;
  const Graph graph = argument.load();
  const Prediction prediction = target.predict(graph);
  ComparedModel result{.name = model,
                       .top1 = as_published ? published_top1(model) : std::nullopt,
                       .latency_ms = prediction.latency_ms,
                       .low_ms = prediction.low_ms,
                       .high_ms = prediction.high_ms,
                       .note = how_it_runs(graph, prediction)};
  if (!flags.data.empty()) {
    SessionOptions options;
    options.threads = threads;
    const auto data = open_dataset(flags.data, Split::kTest);
    result.top1 = 100 * evaluate(graph, *data, options).top1;
  }
  return result;
}

std::string remarks(const std::vector<ComparedModel>& models) {
  std::string text;
  for (const std::string& sentence : equal_but_faster(models)) text += "\n" + sentence;
  for (const ComparedModel& model : models)
    if (!model.note.empty()) text += fmt::format("\n{}: {}", model.name, model.note);
  return text.empty() ? "" : text + "\n";
}

int compare(const Cli& cli, const CompareFlags& flags) {
  const auto target = open_target(flags.target);
  std::vector<ComparedModel> models;
  for (const std::string& model : flags.models) models.push_back(judged(flags, model, *target, cli.common.threads));
  mark_pareto(models);
  if (!flags.html.empty()) {
    write_file(flags.html,
               comparison_page(models, *target, flags.data.empty() ? "as published" : "measured on " + flags.data));
    say("wrote {}", flags.html);
  }
  nlohmann::json list = nlohmann::json::array();
  report::Table table{
      {"model", "top-1 %", "latency ms", "80 % interval", "Pareto"}, {}, {false, true, true, true, false}};
  for (const ComparedModel& model : models) {
    list.push_back({{"name", model.name},
                    {"top1", model.top1 ? nlohmann::json(*model.top1) : nullptr},
                    {"latency_ms", model.latency_ms},
                    {"low_ms", model.low_ms},
                    {"high_ms", model.high_ms},
                    {"pareto", model.pareto},
                    {"note", model.note.empty() ? nlohmann::json(nullptr) : nlohmann::json(model.note)}});
    table.rows.push_back({model.name, model.top1 ? fmt::format("{:.2f}", *model.top1) : "",
                          fmt::format("{:.2f}", model.latency_ms),
                          fmt::format("{:.2f} to {:.2f}", model.low_ms, model.high_ms), model.pareto ? "yes" : ""});
  }
  if (cli.common.json)
    print_json({{"target", flags.target}, {"models", list}});
  else
    print(report::text_table(table) + remarks(models));
  return kDone;
}

}  // namespace

void add_compare(Cli& cli) {
  CLI::App* command =
      cli.command("compare", "Compares models: accuracy (published, or measured with --data) against predicted latency",
                  "  atoll compare efficientnet-edgetpu-s resnet50-v1 mobilenet-v2 --html compare.html\n"
                  "  atoll compare a.tflite b.tflite --data imagefolder:pictures\n");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("models", flags->models, "zoo names, .tflite or .json files")->required();
  command->add_option("--input", flags->zoo.input, "resolution of the zoo models: N or HxW");
  command->add_option("--classes", flags->zoo.classes, "classes of the zoo models")->check(CLI::Range(2, 100000));
  command->add_option("--target", flags->target, "a target's name or file (atoll targets lists them)")
      ->capture_default_str();
  command->add_option("--data", flags->data, "measure top-1 on this data set's test pictures");
  command->add_option("--html", flags->html, "write a page with the chart to this file");
  cli.run(command, [&cli, flags] { return compare(cli, *flags); });
}

}  // namespace Atoll::cli
