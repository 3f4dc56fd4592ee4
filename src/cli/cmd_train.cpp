#include <fmt/format.h>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/train.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/train_flags.h"

namespace Atoll::cli {
namespace {

struct TrainCommand {
  std::string data, output;
  ModelArgument model;
  TrainFlags train;
};

Graph network_for(const TrainCommand& flags, const Dataset& data) {
  ZooOptions zoo = flags.model.zoo_options();
  if (!names_model_file(flags.model.model)) {
    zoo.channels = data.image(0).c;
    if (zoo.classes == 0) zoo.classes = static_cast<int>(data.classes().size());
  }
  return load_model(flags.model.model, zoo);
}

nlohmann::json settings_of(const TrainCommand& flags, const Graph& graph) {
  const TrainOptions& o = flags.train.options;
  const Augmentation& a = o.augmentation;
  return {{"data", flags.data},
          {"model", flags.model.model},
          {"input", {graph.input().shape.h(), graph.input().shape.w(), graph.input().shape.c()}},
          {"epochs", o.epochs},
          {"batch", o.batch},
          {"optimizer", flags.train.optimizer},
          {"learning_rate", o.learning_rate},
          {"schedule", flags.train.schedule},
          {"decay_rate", o.decay_rate},
          {"decay_epochs", o.decay_epochs},
          {"warmup_epochs", o.warmup_epochs},
          {"momentum", o.momentum},
          {"rms_decay", o.rms_decay},
          {"rms_epsilon", o.rms_epsilon},
          {"weight_decay", o.weight_decay},
          {"label_smoothing", o.label_smoothing},
          {"ema_decay", o.ema_decay},
          {"bn_momentum", o.bn_momentum},
          {"freeze_bn_from", o.freeze_bn_from},
          {"augmentation",
           {{"flip", a.flip},
            {"shift_pixels", a.shift_pixels},
            {"crop_area_min", a.crop_area_min},
            {"cutout_pixels", a.cutout_pixels},
            {"mixup_alpha", a.mixup_alpha},
            {"randaugment_ops", a.randaugment_ops},
            {"randaugment_magnitude", a.randaugment_magnitude}}},
          {"preprocessing", {{"mean", o.preprocessing.mean}, {"std", o.preprocessing.std}}},
          {"seed", o.seed},
          {"threads", o.threads}};
}

int run_train(const Cli& cli, TrainCommand flags) {
  const auto data = open_dataset(flags.data, Split::kTrain), test = open_dataset(flags.data, Split::kTest);
  require_same_classes(*data, *test);
  const Graph graph = network_for(flags, *data);
  TrainOptions& options = flags.train.options;
  options = flags.train.chosen(cli.common);
  const std::filesystem::path folder = flags.output;
  make_folder(folder);
  options.checkpoint = folder / "checkpoint.bin";
  nlohmann::json record = settings_of(flags, graph);
  write_file(folder / "train.json", record.dump(2) + "\n");
  const GraphCost cost = cost_of(graph);
  say("{}: {} training and {} test images of {} classes; {} with {} parameters, {} MACs", flags.data, data->size(),
      test->size(), data->classes().size(), graph.name, count_text(static_cast<double>(cost.params)),
      count_text(static_cast<double>(cost.macs)));

  std::vector<EpochRecord> history;
  TrainResult result;
  {
    Progress progress("training", options.epochs);
    const TrainHooks hooks{.epoch =
                               [&](const EpochRecord& r) {
                                 history.push_back(r);
                                 say_epoch(r, "test");
                               },
                           .step =
                               [&](double epochs_done, double images_per_s, double loss) {
                                 progress.update(epochs_done,
                                                 fmt::format("{:.0f} img/s  loss {:.3f}", images_per_s, loss));
                               },
                           .stop = {}};
    result = train(graph, data, test, options, hooks);
  }
  save_model(to_inference(result.graph), folder / "model_float.tflite");
  save_trained(result.graph, folder);
  write_file(folder / "history.csv", history_csv(result.history));
  record["top1"] = result.top1;
  record["epochs_done"] = result.history.size();
  record["images_per_s"] = result.images_per_s;
  write_file(folder / "train.json", record.dump(2) + "\n");
  if (cli.common.json) {
    print_json({{"top1", result.top1},
                {"epochs", result.history.size()},
                {"images_per_s", result.images_per_s},
                {"model", (folder / "model_float.tflite").string()}});
  } else {
    print(fmt::format("top-1 {:.2f}% on {} test images after {} epochs, {:.0f} images/s; {}\n", 100 * result.top1,
                      test->size(), result.history.size(), result.images_per_s,
                      (folder / "model_float.tflite").string()));
  }
  return kDone;
}

}  // namespace

void add_train(Cli& cli) {
  CLI::App* command = cli.command(
      "train", "Trains a network on labelled pictures and writes it as a float .tflite",
      "  atoll train --data fashion-mnist --model mobilenet-v2:width=0.35 --input 32 --epochs 5 -o out/first\n"
      "  atoll train --data imagefolder:photos --model efficientnet-edgetpu-s --input 224 --batch 32 --lr 0.02 \\\n"
      "      --optimizer rmsprop --schedule exponential --ema 0.999 --flip --crop-area-min 0.3 -o out/photos\n"
      "  atoll train ... -o out/photos --resume   (goes on from out/photos/checkpoint.bin)\n");
  auto flags = std::make_shared<TrainCommand>();
  command->add_option("--data", flags->data, "fashion-mnist or KIND:PATH")->required();
  command->add_option("--model", flags->model.model, "zoo name, .tflite or .json")->required();
  command->add_option("--input", flags->model.input, "resolution of a zoo model: N or HxW");
  command->add_option("--classes", flags->model.classes, "classes of a zoo model; else the data's")
      ->check(CLI::Range(2, 100000));
  command->add_option("-o,--output", flags->output, "folder for the model, its history and the checkpoint")->required();
  flags->train.declare_optimizer(command);
  flags->train.declare_augmentation(command);
  command->add_option("--mean", flags->train.options.preprocessing.mean, "subtracted from pixels of 0..255");
  command->add_option("--std", flags->train.options.preprocessing.std, "then divided by");
  command->add_flag("--resume", flags->train.options.resume, "go on from the checkpoint in the output folder");
  cli.run(command, [&cli, flags] { return run_train(cli, *flags); });
}

}  // namespace Atoll::cli
