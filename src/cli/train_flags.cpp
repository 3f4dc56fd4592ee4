#include "cli/train_flags.h"

#include <fmt/format.h>

#include "base/log.h"

namespace Atoll::cli {

void TrainFlags::declare_optimizer(CLI::App* command, const std::string& epochs) {
  TrainOptions& o = options;
  std::vector<CLI::Option*> all;
  if (!epochs.empty())
    all.push_back(
        command->add_option(epochs, o.epochs, "passes over the training images")->check(CLI::Range(1, 100000)));
  all.push_back(command->add_option("--batch", o.batch, "images a step")->check(CLI::Range(1, 65536)));
  all.push_back(command->add_option("--lr", o.learning_rate, "learning rate at its peak, for this batch"));
  all.push_back(command->add_option("--optimizer", optimizer, "sgd (Nesterov momentum) or rmsprop")
                    ->check(CLI::IsMember({"sgd", "rmsprop"})));
  all.push_back(command->add_option("--momentum", o.momentum, "of either optimizer"));
  all.push_back(command->add_option("--schedule", schedule, "of the learning rate: cosine or exponential")
                    ->check(CLI::IsMember({"cosine", "exponential"})));
  all.push_back(command->add_option("--decay-rate", o.decay_rate, "exponential: factor"));
  all.push_back(command->add_option("--decay-epochs", o.decay_epochs, "exponential: every so many epochs"));
  all.push_back(command->add_option("--warmup-epochs", o.warmup_epochs, "linear, from 0"));
  all.push_back(command->add_option("--weight-decay", o.weight_decay, "of weights"));
  all.push_back(
      command->add_option("--label-smoothing", o.label_smoothing, "share of the target spread over all classes"));
  all.push_back(command->add_option("--ema", o.ema_decay, "decay of the moving average of weights; 0: off"));
  all.push_back(command->add_option("--bn-momentum", o.bn_momentum, "of the moving statistics; 0: the network's own"));
  all.push_back(
      command->add_option("--freeze-bn-from", o.freeze_bn_from, "share of the training after which they stand still"));
  all.push_back(
      command->add_option("--loader-threads", o.loader_threads, "that decode and augment")->check(CLI::Range(1, 256)));
  all.push_back(command->add_option("--checkpoint-seconds", o.checkpoint_seconds, "between checkpoints"));
  for (CLI::Option* option : all) {
    option->capture_default_str();
    if (!group.empty()) option->group(group);
  }
}

void TrainFlags::declare_augmentation(CLI::App* command) {
  Augmentation& a = options.augmentation;
  std::vector<CLI::Option*> all;
  all.push_back(command->add_flag("--flip", a.flip, "mirror half of the images"));
  all.push_back(
      command->add_option("--shift", a.shift_pixels, "move by up to so many pixels")->check(CLI::NonNegativeNumber));
  all.push_back(command->add_option("--crop-area-min", a.crop_area_min, "crop this share of the area or more")
                    ->check(CLI::Range(0.01, 1.0)));
  all.push_back(
      command->add_option("--cutout", a.cutout_pixels, "side of a blank square")->check(CLI::NonNegativeNumber));
  all.push_back(
      command->add_option("--mixup", a.mixup_alpha, "alpha of the mixing of pairs")->check(CLI::NonNegativeNumber));
  all.push_back(command->add_option("--randaugment-ops", a.randaugment_ops, "random operations an image")
                    ->check(CLI::NonNegativeNumber));
  all.push_back(command->add_option("--randaugment-magnitude", a.randaugment_magnitude, "their strength")
                    ->check(CLI::Range(0., 10.)));
  if (!group.empty())
    for (CLI::Option* option : all) option->group(group);
}

void TrainFlags::declare_distillation(CLI::App* command) {
  std::vector<CLI::Option*> all;
  all.push_back(command->add_option("--distill", options.distill_weight,
                                    "share of the loss that is the divergence from a teacher's answers; 0: none"));
  all.push_back(command->add_option("--temperature", options.distill_temperature, "at which the answers are compared"));
  for (CLI::Option* option : all) {
    option->capture_default_str();
    if (!group.empty()) option->group(group);
  }
}

TrainOptions TrainFlags::chosen(const Common& common) const {
  TrainOptions result = options;
  result.optimizer = optimizer == "rmsprop" ? Optimizer::kRmsProp : Optimizer::kSgd;
  result.schedule = schedule == "exponential" ? Schedule::kExponential : Schedule::kCosine;
  result.seed = common.seed;
  result.threads = common.threads;
  return result;
}

void say_epoch(const EpochRecord& record, const char* validated) {
  say("epoch {:>3}  loss {:.4f}  train {:.2f}%  {} {:.2f}%  {:.0f} img/s", record.epoch, record.loss,
      100 * record.train_top1, validated, 100 * record.validation_top1, record.images_per_s);
}

std::string history_csv(const std::vector<EpochRecord>& history) {
  std::string csv = "epoch,learning_rate,loss,train_top1,validation_top1,images_per_s,seconds\n";
  for (const EpochRecord& r : history)
    csv += fmt::format("{},{:.6g},{:.6f},{:.6f},{:.6f},{:.1f},{:.2f}\n", r.epoch, r.learning_rate, r.loss, r.train_top1,
                       r.validation_top1, r.images_per_s, r.seconds);
  return csv;
}

}  // namespace Atoll::cli
