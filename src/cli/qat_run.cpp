#include "cli/qat_run.h"

#include <fmt/format.h>

#include "atoll/error.h"
#include "atoll/model.h"
#include "base/log.h"

namespace Atoll::cli {

void QatFlags::declare(CLI::App* command) {
  train.group = "Quantization-aware training";
  train.options.batch = 32;
  train.options.learning_rate = 0.01;
  train.options.warmup_epochs = 0.1;
  train.options.label_smoothing = 0.05;
  train.options.freeze_bn_from = 0.8;
  command->add_option("--qat-epochs", epochs, "int8: train on with rounded weights and activations; 0: do not")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str()
      ->group(train.group);
  train.declare_optimizer(command, "");
  train.declare_augmentation(command);
  train.declare_distillation(command);
  command->add_option("--teacher", teacher, "float model to learn from with --distill; the model itself unless given")
      ->group(train.group);
  command->add_flag("--resume", train.options.resume, "go on from the checkpoint beside the output file")
      ->group(train.group);
}

QatResult QatFlags::run(const Graph& graph, std::shared_ptr<const Dataset> data,
                        std::shared_ptr<const Dataset> validation, const CalibrationOptions& calibration,
                        const QuantizeOptions& quantize, const std::string& output, const Common& common) const {
  if (!graph.preprocessing) fail("'{}' does not say how pixels become its input: give --mean and --std", graph.name);
  QatOptions options{.calibration = calibration, .quantize = quantize, .train = train.chosen(common)};
  options.train.epochs = epochs;
  options.train.preprocessing = *graph.preprocessing;
  options.train.checkpoint = output + ".checkpoint";
  const Graph from = teacher.empty() ? graph : load_model(teacher);
  if (!teacher.empty() && options.train.distill_weight == 0)
    fail("--teacher '{}' would teach nothing: give --distill, its share of the loss", teacher);
  Progress progress("training", epochs);
  return train_quantized(graph, std::move(data), std::move(validation), options,
                         {.epoch = [](const EpochRecord& record) { say_epoch(record, "int8"); },
                          .step =
                              [&](double done, double images_per_s, double loss) {
                                progress.update(done, fmt::format("{:.0f} img/s  loss {:.3f}", images_per_s, loss));
                              },
                          .teacher = &from});
}

}  // namespace Atoll::cli
