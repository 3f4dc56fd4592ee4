#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "atoll/error.h"

namespace Atoll::training {

double learning_rate_at(const TrainOptions& options, double epochs_done) {
  const double peak = options.learning_rate;
  if (epochs_done < options.warmup_epochs) return peak * epochs_done / options.warmup_epochs;
  if (options.schedule == Schedule::kExponential)
    return peak * std::pow(options.decay_rate, std::floor(epochs_done / options.decay_epochs));
  const double span = std::max(options.epochs - options.warmup_epochs, 1e-9);
  const double share = std::clamp((epochs_done - options.warmup_epochs) / span, 0.0, 1.0);
  return peak * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

void check_options(const TrainOptions& options) {
  const auto require = [](bool holds, const char* name, double value, const char* wanted) {
    if (!holds) fail("{} is {}, but must be {}", name, value, wanted);
  };
  require(options.epochs >= 1, "the number of epochs", options.epochs, "at least 1");
  require(options.batch >= 1, "the batch", options.batch, "at least 1");
  require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "the learning rate", options.learning_rate,
          "above 0");
  require(options.decay_rate > 0 && options.decay_rate <= 1, "the decay rate", options.decay_rate, "in (0, 1]");
  require(options.decay_epochs > 0, "the number of epochs of a decay", options.decay_epochs, "above 0");
  require(options.warmup_epochs >= 0, "the number of warm-up epochs", options.warmup_epochs, "0 or more");
  require(options.momentum >= 0 && options.momentum < 1, "the momentum", options.momentum, "in [0, 1)");
  require(options.rms_decay >= 0 && options.rms_decay < 1, "RMSProp's decay", options.rms_decay, "in [0, 1)");
  require(options.rms_epsilon > 0, "RMSProp's epsilon", options.rms_epsilon, "above 0");
  require(options.weight_decay >= 0, "the weight decay", options.weight_decay, "0 or more");
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "label smoothing", options.label_smoothing,
          "in [0, 1)");
  require(options.ema_decay >= 0 && options.ema_decay < 1, "the decay of the moving average", options.ema_decay,
          "in [0, 1)");
  require(options.bn_momentum >= 0 && options.bn_momentum < 1, "batch norm's momentum", options.bn_momentum,
          "in [0, 1)");
  require(options.distill_weight >= 0 && options.distill_weight <= 1, "the weight of distillation",
          options.distill_weight, "in [0, 1]");
  require(options.distill_temperature > 0 && std::isfinite(options.distill_temperature),
          "the temperature of distillation", options.distill_temperature, "above 0");
}

}  // namespace Atoll::training
