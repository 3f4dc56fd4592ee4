#include <fmt/ranges.h>

#include <memory>

#include "atoll/compress.h"
#include "atoll/data.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/model_run.h"
#include "report/utf8.h"

namespace Atoll::cli {
namespace {

struct DebugQuantFlags {
  std::string int8, real, data, split = "test", html;
  DebugOptions options;
  PreprocessingFlags preprocessing;
};

nlohmann::json to_json(const LayerDamage& layer) {
  nlohmann::json json = {{"name", layer.name},
                         {"op", layer.op},
                         {"sqnr_db", layer.sqnr_db},
                         {"saturated", layer.saturated},
                         {"channel_range_ratio", layer.channel_range_ratio},
                         {"error_left_in_float", nullptr},
                         {"top1_left_in_float", nullptr}};
  if (layer.error_left_in_float < 0) return json;
  json["error_left_in_float"] = layer.error_left_in_float;
  json["top1_left_in_float"] = layer.top1_left_in_float;
  json["float_nodes"] = layer.float_nodes;
  return json;
}

std::string table(const QuantizationDamage& damage) {
  report::Table table{.header = {"layer", "op", "SQNR dB", "saturated", "ranges"},
                      .right = {false, false, true, true, true}};
  report::Table won{.header = {"left in float", "top-1 won", "output error", "quantize --float-nodes"},
                    .right = {false, true, true}};
  for (const LayerDamage& layer : damage.layers) {
    table.rows.push_back({report::shortened(layer.name), layer.op, fmt::format("{:.1f}", layer.sqnr_db),
                          fmt::format("{:.3f}%", 100 * layer.saturated),
                          fmt::format("{:.1f}", layer.channel_range_ratio)});
    if (layer.error_left_in_float >= 0)
      won.rows.push_back(
          {report::shortened(layer.name), fmt::format("{:+.2f}", 100 * (layer.top1_left_in_float - damage.top1)),
           fmt::format("{:.5f}", layer.error_left_in_float), fmt::format("{}", fmt::join(layer.float_nodes, ","))});
  }
  std::string text = report::text_table(table);
  if (!won.rows.empty()) text += "\n" + report::text_table(won);
  text += fmt::format("\ntop-1 {:.2f} %, float {:.2f} %; the same class for {:.2f} % of {} images\n", 100 * damage.top1,
                      100 * damage.float_top1, 100 * damage.agreement, damage.images);
  text += fmt::format("output error {:.5f} nats\n", damage.output_error);
  if (damage.first_hurt >= 0)
    text += fmt::format("first layer that hurts (below 20 dB): {}\n",
                        damage.layers[static_cast<std::size_t>(damage.first_hurt)].name);
  return text;
}

int run(DebugQuantFlags& flags, const Common& common) {
  Graph int8 = load_model(flags.int8);
  flags.preprocessing.apply(int8);
  if (scheme_of(int8) != "int8" && scheme_of(int8) != "uint8")
    fail("'{}' is {}, but should be an int8 model", flags.int8, scheme_of(int8));
  Graph real = flags.real.empty() ? dequantized(int8) : to_inference(load_model(flags.real));
  if (flags.real.empty())
    say("only the int8 file is given, so it is compared with its own weights in float: this shows saturation and the "
        "rounding of activations, but not what rounding the weights cost; for that, give the float model with --float");
  if (!real.preprocessing) real.preprocessing = int8.preprocessing;
  const auto data =
      with_classes_of(int8, open_dataset(flags.data, flags.split == "train" ? Split::kTrain : Split::kTest));
  flags.options.seed = common.seed;
  flags.options.threads = common.threads;
  const QuantizationDamage damage = debug_quantization(real, int8, *data, flags.options);
  if (!flags.html.empty()) {
    const QuantizationPage page{.model = int8.name, .facts = {}, .calibration = {}, .steps = {}, .damage = damage};
    write_file(flags.html, quantization_page(page));
    say("wrote '{}'", flags.html);
  }
  if (!common.json) {
    print(table(damage));
    return kDone;
  }
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerDamage& layer : damage.layers) layers.push_back(to_json(layer));
  nlohmann::json answer = {{"images", damage.images},
                           {"top1", damage.top1},
                           {"float_top1", damage.float_top1},
                           {"compared_with", flags.real.empty() ? "its own weights" : "float"},
                           {"output_error", damage.output_error},
                           {"agreement", damage.agreement},
                           {"first_hurt", nullptr},
                           {"layers", layers}};
  if (damage.first_hurt >= 0) answer["first_hurt"] = damage.layers[static_cast<std::size_t>(damage.first_hurt)].name;
  print_json(answer);
  return kDone;
}

}  // namespace

void add_debug_quant(Cli& cli) {
  CLI::App* command = cli.command(
      "debug-quant", "Shows layer by layer what quantization did to a network",
      "  atoll debug-quant int8.tflite --float float.tflite --data fashion-mnist\n"
      "  atoll debug-quant int8.tflite --float float.tflite --data imagefolder:pictures --html damage.html\n"
      "  atoll debug-quant int8.tflite --data imagefolder:pictures --json");
  auto flags = std::make_shared<DebugQuantFlags>();
  command->add_option("model", flags->int8, "the int8 .tflite")->required();
  command->add_option("--float", flags->real, "the float model that it was made from");
  command->add_option("--data", flags->data, "pictures: fashion-mnist, or KIND:PATH")->required();
  command->add_option("--split", flags->split, "of the data set")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  command->add_option("--html", flags->html, "writes the report with its charts there");
  command->add_option("--images", flags->options.images, "pictures, at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--float-trials", flags->options.float_trials,
                   "how many of the layers that add most noise are tried in float")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  flags->preprocessing.declare(command);
  cli.run(command, [flags, &cli] { return run(*flags, cli.common); });
}

}  // namespace Atoll::cli
