#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "atoll/data.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/prune.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "atoll/weights.h"
#include "base/file.h"
#include "base/log.h"
#include "base/timer.h"
#include "cli/commands.h"
#include "cli/model_run.h"
#include "cli/train_flags.h"

namespace Atoll::cli {
namespace {

namespace fs = std::filesystem;

struct PruneFlags {
  ModelArgument model;
  std::string weights, data, output = "pruned", target, pattern = "free", growth = "polynomial", importance = "taylor";
  bool structured = false, no_training = false;
  WeightPruneOptions weight;
  ChannelPruneOptions channel;
  double sparsity = -1;
  TrainFlags train;
  PreprocessingFlags preprocessing;
};

// What a model is, before and after.
struct Measured {
  std::int64_t params = 0, macs = 0, file_bytes = 0, gzip = 0;
  double predicted_ms = 0, measured_ms = 0, top1 = 0;
};

Measured measured(const Graph& graph, const Target* target, const Dataset& test, const Common& common) {
  const Graph inference = to_inference(graph);
  const GraphCost cost = cost_of(graph);
  const std::vector<std::byte> file = write_tflite(inference);
  Measured m{.params = cost.params, .macs = cost.macs, .file_bytes = std::ssize(file), .gzip = gzip_bytes(file)};
  if (target) m.predicted_ms = target->latency_ms(inference);
  Session session(inference);
  m.measured_ms = measure([&] { session.run(); }, {.max_seconds = 5}).median_ms;
  m.top1 = evaluate(inference, test, {.threads = common.threads}).top1;
  return m;
}

double zero_share(const std::vector<LayerSparsity>& layers) {
  std::int64_t zeros = 0, weights = 0;
  for (const LayerSparsity& layer : layers) {
    zeros += layer.zeros;
    weights += layer.weights;
  }
  return weights == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(weights);
}

Graph network_of(const PruneFlags& flags) {
  Graph graph = flags.model.load();
  if (!flags.weights.empty()) graph = load_weights(graph, flags.weights);
  flags.preprocessing.apply(graph);
  require_float_weights(graph, "pruned");
  if (!graph.preprocessing)
    fail("'{}' does not say how pixels become its input: give --mean and --std", flags.model.model);
  return graph;
}

nlohmann::json json_of(const Measured& m, bool predicted) {
  return {{"params", m.params},
          {"macs", m.macs},
          {"top1", m.top1},
          {"predicted_ms", predicted ? nlohmann::json(m.predicted_ms) : nlohmann::json()},
          {"measured_ms", m.measured_ms},
          {"file_bytes", m.file_bytes},
          {"gzip_bytes", m.gzip}};
}

std::string table_of(const Measured& before, const Measured& after, const std::string& target) {
  report::Table table{.header = {"", "before", "after"}, .right = {false, true, true}};
  const auto row = [&](const std::string& name, const std::string& a, const std::string& b) {
    table.rows.push_back({name, a, b});
  };
  const auto ms = [](double value) { return fmt::format("{:.3f} ms", value); };
  row("top-1", fmt::format("{:.2f} %", 100 * before.top1), fmt::format("{:.2f} %", 100 * after.top1));
  row("parameters", std::to_string(before.params), std::to_string(after.params));
  row("MACs", std::to_string(before.macs), std::to_string(after.macs));
  row("file", std::to_string(before.file_bytes), std::to_string(after.file_bytes));
  row("file, gzip", std::to_string(before.gzip), std::to_string(after.gzip));
  if (!target.empty()) row("predicted on " + target, ms(before.predicted_ms), ms(after.predicted_ms));
  row("measured here, float, 1 thread", ms(before.measured_ms), ms(after.measured_ms));
  return report::text_table(table);
}

struct Pruned {
  Graph graph;
  std::vector<EpochRecord> history;
  nlohmann::json details;
};

Pruned run_weights(PruneFlags& flags, const Graph& graph, const std::shared_ptr<const Dataset>& data,
                   const std::shared_ptr<const Dataset>& test, const TrainHooks& hooks) {
  WeightPruneOptions& options = flags.weight;
  options.pattern = flags.pattern == "2of4" ? SparsityPattern::kTwoOfFour : SparsityPattern::kFree;
  options.schedule.final = flags.sparsity;
  if (flags.growth == "constant") options.end = options.begin;
  PruneResult result = prune_weights(graph, data, test, options, hooks);
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerSparsity& layer : layer_sparsity(result.graph))
    layers.push_back({{"name", layer.name}, {"weights", layer.weights}, {"zeros", layer.zeros}});
  return {std::move(result.graph), std::move(result.history), {{"layers", layers}}};
}

Pruned run_channels(PruneFlags& flags, const Graph& graph, const std::shared_ptr<const Dataset>& data,
                    const std::shared_ptr<const Dataset>& test, const Target* target, const TrainHooks& hooks) {
  ChannelPruneOptions& options = flags.channel;
  options.sparsity = std::max(0.0, flags.sparsity);
  options.importance = channel_importance(flags.importance);
  options.fine_tune = !flags.no_training;
  ChannelPruneResult result = prune_channels(graph, data, test, target, options, hooks);
  nlohmann::json widths = nlohmann::json::array();
  for (const GroupWidth& width : result.widths) {
    widths.push_back({{"name", width.name}, {"before", width.before}, {"after", width.after}});
    say("{:<40} {:>5} -> {:>5} channels", width.name, width.before, width.after);
  }
  return {std::move(result.graph), std::move(result.history), {{"widths", widths}}};
}

void check(const PruneFlags& flags) {
  const bool by_time = flags.channel.target_latency_ms != 0;
  if (by_time && !flags.structured) fail("--target-latency-ms removes channels: give --structured too");
  if (by_time && flags.target.empty()) fail("--target-latency-ms needs a --target that predicts it");
  if (by_time && flags.sparsity >= 0) fail("--sparsity and --target-latency-ms cannot both be the goal");
  if (flags.structured && flags.pattern != "free") fail("--pattern is about single weights, not --structured");
  if (!flags.structured && flags.no_training) fail("--no-training goes with --structured only");
  const bool needs = !by_time && flags.pattern == "free";
  if (needs && flags.sparsity < 0) fail("--sparsity is needed: the share to remove, at least 0 and below 1");
  if (flags.sparsity >= 1) fail("--sparsity is {}, but must be in [0, 1)", flags.sparsity);
  if (flags.pattern == "2of4" && flags.sparsity >= 0 && flags.sparsity != 0.5)
    fail("--pattern 2of4 means a sparsity of 0.5, not {}", flags.sparsity);
}

int run(PruneFlags flags, const Common& common) {
  check(flags);
  if (flags.pattern == "2of4") flags.sparsity = 0.5;
  const Graph graph = network_of(flags);
  const auto target = flags.target.empty() ? nullptr : open_target(flags.target);
  const auto data = with_classes_of(graph, open_dataset(flags.data, Split::kTrain)),
             test = with_classes_of(graph, open_dataset(flags.data, Split::kTest));
  require_same_classes(*data, *test);
  const fs::path folder = flags.output;
  make_folder(folder);
  TrainOptions train = flags.train.chosen(common);
  train.preprocessing = *graph.preprocessing;
  train.checkpoint = folder / "checkpoint.bin";
  flags.weight.train = flags.channel.train = train;

  const Measured before = measured(graph, target.get(), *test, common);
  Pruned pruned;
  {
    Progress progress("pruning", train.epochs);
    const TrainHooks hooks{.epoch = [&](const EpochRecord& record) { say_epoch(record, "test"); },
                           .step =
                               [&](double epochs_done, double images_per_s, double loss) {
                                 progress.update(epochs_done,
                                                 fmt::format("{:.0f} img/s  loss {:.3f}", images_per_s, loss));
                               }};
    pruned = flags.structured ? run_channels(flags, graph, data, test, target.get(), hooks)
                              : run_weights(flags, graph, data, test, hooks);
  }
  const Measured after = measured(pruned.graph, target.get(), *test, common);
  const double sparsity = flags.structured ? 1 - static_cast<double>(after.params) / static_cast<double>(before.params)
                                           : zero_share(layer_sparsity(pruned.graph));
  const fs::path model = folder / "model_float.tflite";
  save_model(to_inference(pruned.graph), model);
  save_trained(pruned.graph, folder);
  write_file(folder / "history.csv", history_csv(pruned.history));

  nlohmann::json answer = json_of(after, target != nullptr);
  answer["sparsity"] = sparsity;
  answer["before"] = json_of(before, target != nullptr);
  answer["model"] = model.string();
  answer.update(pruned.details);
  write_file(folder / "prune.json", answer.dump(2) + "\n");
  if (common.json) {
    print_json(answer);
    return kDone;
  }
  print(fmt::format("sparsity {:.2f} % of {}; {}\n{}", 100 * sparsity,
                    flags.structured ? "the parameters, by whole channels" : "the weights that are pruned",
                    model.string(), table_of(before, after, flags.target)));
  return kDone;
}

void declare_goal(CLI::App* command, PruneFlags& flags) {
  command->add_option("--sparsity", flags.sparsity, "share of weights that become 0, or of parameters that go")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--structured", flags.structured, "remove whole channels: a smaller dense network");
  command->add_option("--target", flags.target, "whose prediction is shown, and decides which channels go");
  command
      ->add_option("--target-latency-ms", flags.channel.target_latency_ms, "prune channels until --target predicts it")
      ->check(CLI::PositiveNumber);
  command->add_option("--pattern", flags.pattern, "free, or 2of4: two of every four weights in a row")
      ->check(CLI::IsMember({"free", "2of4"}))
      ->capture_default_str();
  command->add_option("--growth", flags.growth, "of the sparsity: polynomial, or constant from --prune-from on")
      ->check(CLI::IsMember({"polynomial", "constant"}))
      ->capture_default_str();
  command->add_option("--initial-sparsity", flags.weight.schedule.initial, "polynomial: at the beginning")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--prune-from", flags.weight.begin, "share of the training")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--prune-until", flags.weight.end, "polynomial: share of the training when all is pruned")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--frequency", flags.weight.schedule.frequency, "steps between new masks")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--importance", flags.importance, "of channels: taylor (by gradients), magnitude or batchnorm")
      ->check(CLI::IsMember({"taylor", "magnitude", "batchnorm"}))
      ->capture_default_str();
  command->add_option("--images", flags.channel.images, "taylor: training images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--keep", flags.channel.keep, "share of every layer's channels that stay at least")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_flag("--no-training", flags.no_training, "structured: do not train the smaller network");
}

}  // namespace

void add_prune(Cli& cli) {
  CLI::App* command = cli.command(
      "prune", "Makes a trained network sparse, or removes channels until it is fast enough; and trains it on",
      "  atoll prune out/first --data fashion-mnist --sparsity 0.75 --epochs 3 -o out/sparse\n"
      "  atoll prune out/first --data fashion-mnist --pattern 2of4 -o out/two_of_four\n"
      "  atoll prune model_float.tflite --data fashion-mnist --structured --sparsity 0.5 -o out/half\n"
      "  atoll prune out/first --data fashion-mnist --structured --target edgetpu-usb3 --target-latency-ms 0.4 \\\n"
      "      -o out/fast\n"
      "  atoll prune ... -o out/fast --resume   (goes on from out/fast/checkpoint.bin)");
  auto flags = std::make_shared<PruneFlags>();
  flags->train.group = "Training";
  flags->train.options.epochs = 3;
  flags->train.options.batch = 32;
  flags->train.options.learning_rate = 0.02;
  flags->train.options.warmup_epochs = 0.1;
  flags->train.options.label_smoothing = 0.05;
  flags->model.declare(command);
  command->add_option("--data", flags->data, "fashion-mnist, or KIND:PATH")->required();
  command->add_option("-o,--output", flags->output, "folder for the model and the checkpoint")->capture_default_str();
  command->add_option("--weights", flags->weights, "of a zoo model or .json: a .safetensors, .pth or .pt file");
  declare_goal(command, *flags);
  flags->preprocessing.declare(command);
  flags->train.declare_optimizer(command);
  flags->train.declare_augmentation(command);
  command->add_flag("--resume", flags->train.options.resume, "go on from the checkpoint in the output folder")
      ->group("Training");
  cli.run(command, [flags, &cli] { return run(*flags, cli.common); });
}

}  // namespace Atoll::cli
