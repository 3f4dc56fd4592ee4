#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "atoll/compress.h"
#include "atoll/data.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/model_run.h"
#include "cli/qat_run.h"

namespace Atoll::cli {
namespace {

struct QuantizeFlags {
  ModelArgument model;
  std::string scheme = "int8", data, eval_data, output, estimator = "auto", input_type = "int8", output_type, html;
  CalibrationOptions calibration;
  std::vector<std::string> float_nodes;
  bool skip_bad = false, ladder = false;
  LadderOptions rungs;
  PreprocessingFlags preprocessing;
  QatFlags qat;
};

DType type_of(const std::string& name) {
  return name == "int8" ? DType::kInt8 : name == "uint8" ? DType::kUInt8 : DType::kFloat32;
}

double top1_of(const Graph& graph, const Dataset& data, const Common& common, const char* title) {
  Progress progress(title, static_cast<double>(data.size()));
  return evaluate(graph, data, {.threads = common.threads}, 0,
                  [&](std::int64_t done, std::int64_t) { progress.update(static_cast<double>(done)); })
      .top1;
}

nlohmann::json calibration_json(const Calibration& calibration) {
  nlohmann::json convergence = nlohmann::json::array();
  for (const Convergence& point : calibration.convergence)
    convergence.push_back({{"images", point.images}, {"missing", point.missing}});
  return {{"images", calibration.images},
          {"hash", calibration.hash},
          {"estimator", name_of(calibration.estimator)},
          {"exceptions", calibration.exceptions},
          {"convergence", convergence}};
}

void say_calibration(const Calibration& calibration) {
  say("calibrated with {} pictures, hash {}; ranges by {}, {} tensors otherwise", calibration.images, calibration.hash,
      name_of(calibration.estimator), calibration.exceptions.size());
  std::string text;
  for (const Convergence& point : calibration.convergence)
    text += fmt::format("{}{:.1f} % after {}", text.empty() ? "" : ", ", 100 * point.missing, point.images);
  say("of their final width, min-max ranges lacked {}", text);
}

nlohmann::json ladder_json(const LadderResult& result) {
  nlohmann::json steps = nlohmann::json::array();
  for (const LadderStep& step : result.steps) {
    steps.push_back({{"name", step.name},
                     {"top1", step.top1},
                     {"drop", step.drop},
                     {"expected_drop", step.expected_drop},
                     {"output_error", step.output_error},
                     {"kept", step.kept},
                     {"seconds", step.seconds}});
    say("{:<16} drop {:+.2f} points, expected {:.3f}, output error {:.5f} nats{}", step.name, 100 * step.drop,
        100 * step.expected_drop, step.output_error, step.kept ? "" : " (not kept)");
  }
  return {{"float_top1", result.float_top1}, {"held_out_images", result.held_out_images}, {"steps", steps}};
}

// The int8 network, and the float one that it rounds.
struct Quantized {
  Graph graph, real;
  QuantizationPage page;
};

// From the model as it was loaded, in its training form where it has one.
QatResult train_on(const QuantizeFlags& flags, const Common& common, std::shared_ptr<const Dataset> data,
                   const CalibrationOptions& how, const QuantizeOptions& options, nlohmann::json& answer) {
  Graph graph = flags.model.load();
  flags.preprocessing.apply(graph);
  const auto test =
      flags.eval_data.empty() ? nullptr : with_classes_of(graph, open_dataset(flags.eval_data, Split::kTest));
  QatResult result =
      flags.qat.run(graph, with_classes_of(graph, std::move(data)), test, how, options, flags.output, common);
  answer["qat"] = {{"epochs", result.history.size()}};
  if (test) answer["qat"]["calibrated_top1"] = result.calibrated_top1;
  return result;
}

Quantized quantize_with_pictures(const QuantizeFlags& flags, const Common& common, const Graph& graph,
                                 const std::shared_ptr<const Dataset>& data, nlohmann::json& answer) {
  CalibrationOptions how = flags.calibration;
  if (flags.estimator != "auto") how.estimator = range_estimator(flags.estimator);
  how.seed = common.seed;
  how.threads = common.threads;
  const DType input = type_of(flags.input_type);
  QuantizeOptions options{.input = input, .output = flags.output_type.empty() ? input : type_of(flags.output_type)};
  options.float_nodes = flags.float_nodes;
  Quantized result{.graph = {}, .real = graph, .page = {.model = graph.name}};
  if (flags.qat.epochs > 0) {
    QatResult trained = train_on(flags, common, data, how, options, answer);
    result.graph = std::move(trained.graph);
    result.real = std::move(trained.real);
    result.page.calibration = std::move(trained.calibration);
  } else if (flags.ladder) {
    LadderResult climbed = quantize_with_ladder(graph, *data, how, options, flags.rungs);
    answer["ladder"] = ladder_json(climbed);
    result = {std::move(climbed.graph), std::move(climbed.real), {.model = graph.name}};
    result.page.calibration = std::move(climbed.calibration);
    result.page.steps = std::move(climbed.steps);
  } else {
    result.page.calibration = calibrate(graph, *data, how);
    result.graph = quantize_int8(graph, *result.page.calibration, options);
  }
  say_calibration(*result.page.calibration);
  answer["calibration"] = calibration_json(*result.page.calibration);
  return result;
}

void save_page(Quantized& quantized, const QuantizeFlags& flags, const Common& common, const Dataset& data,
               const nlohmann::json& answer) {
  QuantizationPage& page = quantized.page;
  page.facts = {{"scheme", flags.scheme}, {"file", bytes_text(answer["bytes"].get<double>())}};
  for (const auto& [name, key] : {std::pair{"float top-1", "float_top1"}, std::pair{"top-1", "top1"}})
    if (!answer[key].is_null()) page.facts.emplace_back(name, fmt::format("{:.2f} %", 100 * answer[key].get<double>()));
  page.damage =
      debug_quantization(quantized.real, quantized.graph, data, {.seed = common.seed, .threads = common.threads});
  write_file(flags.html, quantization_page(page));
  say("wrote '{}'", flags.html);
}

// What only an int8 model needs must not be given in vain: nobody should believe that pictures were used.
void refuse_unused(const QuantizeFlags& flags) {
  const auto refuse = [&](bool given, const char* flag) {
    if (given)
      fail(
          "{} is given, but the scheme {} needs no calibration and would not use it; leave it out, or use --scheme "
          "int8",
          flag, flags.scheme);
  };
  refuse(!flags.data.empty(), "--data");
  refuse(flags.ladder, "--ladder");
  refuse(flags.estimator != "auto", "--estimator");
  refuse(!flags.html.empty(), "--html");
  refuse(!flags.float_nodes.empty(), "--float-nodes");
}

int run(const QuantizeFlags& flags, const Common& common) {
  const bool int8 = flags.scheme == "int8";
  if (flags.qat.epochs > 0 && (!int8 || flags.ladder)) fail("--qat-epochs goes with --scheme int8, without --ladder");
  if (int8 && flags.data.empty()) fail("the scheme int8 needs calibration pictures: give --data");
  if (!int8) refuse_unused(flags);
  Graph graph = to_inference(flags.model.load());
  flags.preprocessing.apply(graph);
  nlohmann::json answer = {
      {"scheme", flags.scheme}, {"float_top1", nullptr}, {"top1", nullptr}, {"calibration", nullptr}};

  Quantized quantized;
  std::shared_ptr<const Dataset> data;
  if (int8) {
    data = open_dataset(flags.data, Split::kTrain, {.skip_bad = flags.skip_bad});
    if (flags.ladder || !flags.html.empty()) data = with_classes_of(graph, data);  // calibration needs no labels
    quantized = quantize_with_pictures(flags, common, graph, data, answer);
  } else {
    quantized.graph = flags.scheme == "dynamic" ? quantize_dynamic(graph) : quantize_float16(graph);
  }
  const std::string scheme = scheme_of(quantized.graph);
  if (scheme != flags.scheme && flags.float_nodes.empty())
    say("'{}' came out as {}: it has no weights that {} would change", graph.name, scheme, flags.scheme);
  save_model(quantized.graph, flags.output);
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(flags.output));
  answer["bytes"] = bytes;
  say("wrote '{}': {}", flags.output, bytes_text(static_cast<double>(bytes)));

  if (!flags.eval_data.empty()) {
    const auto test = with_classes_of(graph, open_dataset(flags.eval_data, Split::kTest, {.skip_bad = flags.skip_bad}));
    answer["images"] = test->size();
    answer["float_top1"] = top1_of(graph, *test, common, "float");
    answer["top1"] = top1_of(quantized.graph, *test, common, flags.scheme.c_str());
  }
  if (!flags.html.empty()) save_page(quantized, flags, common, *data, answer);
  if (common.json) {
    print_json(answer);
    return kDone;
  }
  print(fmt::format("scheme  {}\nbytes   {}\n", flags.scheme, bytes));
  if (!answer["top1"].is_null())
    print(fmt::format("top-1   {:.2f} % (float {:.2f} %)\n", 100 * answer["top1"].get<double>(),
                      100 * answer["float_top1"].get<double>()));
  return kDone;
}

}  // namespace

void add_quantize(Cli& cli) {
  CLI::App* command = cli.command(
      "quantize", "Makes a float model smaller and faster: integers, or half precision",
      "  atoll quantize float.tflite --scheme int8 --data fashion-mnist -o int8.tflite\n"
      "  atoll quantize float.tflite --scheme int8 --data imagefolder:pictures --eval-data imagefolder:pictures \\\n"
      "      --input-type uint8 -o int8.tflite --json\n"
      "  atoll quantize out/first --data fashion-mnist --qat-epochs 3 --distill 0.5 -o int8.tflite\n"
      "  atoll quantize float.tflite --scheme dynamic -o dynamic.tflite\n"
      "  atoll quantize float.tflite --scheme float16 -o half.tflite");
  auto flags = std::make_shared<QuantizeFlags>();
  flags->model.declare(command);
  command->add_option("--scheme", flags->scheme, "int8: everything integer; dynamic: weights; float16: half the size")
      ->check(CLI::IsMember({"int8", "dynamic", "float16"}))
      ->capture_default_str();
  command->add_option("--data", flags->data, "calibration pictures, of the train split: fashion-mnist, or KIND:PATH");
  command->add_option("-o,--output", flags->output, "the .tflite file to write")->required();
  command->add_option("--eval-data", flags->eval_data, "measures top-1 before and after on the test split of these");
  command
      ->add_option("--estimator", flags->estimator,
                   "of activation ranges; auto: chosen tensor by tensor by the measured error of the output")
      ->check(CLI::IsMember({"auto", "minmax", "average", "percentile", "entropy", "mse"}))
      ->capture_default_str();
  command->add_option("--images", flags->calibration.images, "calibration pictures, at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  const auto types = CLI::IsMember({"int8", "uint8", "float32"});
  command->add_option("--input-type", flags->input_type, "of an int8 model")->check(types)->capture_default_str();
  command->add_option("--output-type", flags->output_type, "of an int8 model; the input's unless given")->check(types);
  command->add_flag("--ladder", flags->ladder,
                    "corrects biases, measures the drop on held-out pictures and, while it is too large, equalises "
                    "layers and reconstructs the rounding of weights");
  command->add_option("--held-out", flags->rungs.held_out_images, "pictures on which the ladder measures, at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--max-drop", flags->rungs.max_drop, "of top-1, as a share, at which the ladder stops")
      ->capture_default_str();
  command->add_option("--float-nodes", flags->float_nodes, "layers that stay in float, as debug-quant names them")
      ->delimiter(',');
  command->add_option("--html", flags->html, "writes a report with charts there: calibration, ladder, layer by layer");
  command->add_flag("--skip-bad", flags->skip_bad, "leave undecodable images out");
  flags->preprocessing.declare(command);
  flags->qat.declare(command);
  cli.run(command, [flags, &cli] { return run(*flags, cli.common); });
}

}  // namespace Atoll::cli
