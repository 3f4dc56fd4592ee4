#include "atoll/error.h"
#include "atoll/oneshot.h"

namespace Atoll {

std::string settings_text(const OneShotOptions& o) {
  return fmt::format(
      "supernet of {} epochs, batch {}, {} batches a network, warm-up {}, limit {}, learning rate {} warm-up {}, "
      "momentum {}, "
      "weight decay {}, label smoothing {}, {} batches a reward, policy rate {}, baseline {}, beta {}, {} finalists "
      "judged on {} images",
      o.epochs, o.batch, o.batches, o.warmup, o.limit, o.learning_rate, o.learning_warmup, o.momentum, o.weight_decay,
      o.label_smoothing, o.judge_batches, o.policy_rate, o.baseline_decay, o.beta, o.judged, o.judge_images);
}

void require_sane(const OneShotOptions& o) {
  const auto require = [](bool holds, const char* name, double value, const char* wanted) {
    if (!holds) fail("{} of a one-shot search is {}, but must be {}", name, value, wanted);
  };
  require(o.epochs > 0 && o.epochs <= 1e6, "the number of epochs", o.epochs, "above 0 and at most a million");
  require(o.batch >= 2, "the batch", o.batch, "at least 2");
  require(o.batches >= 1, "the number of batches a network", o.batches, "at least 1");
  require(o.judge_batches >= 1, "the number of batches a reward", o.judge_batches, "at least 1");
  require(o.warmup >= 0 && o.warmup < 1, "the warm-up", o.warmup, "in [0, 1)");
  require(o.limit == 0 || (o.limit >= 1 && o.limit <= 1e6), "the limit of the networks drawn", o.limit,
          "at least 1, or 0");
  require(o.learning_rate > 0 && o.learning_rate < 1e6, "the learning rate", o.learning_rate, "above 0");
  require(o.learning_warmup >= 0 && o.learning_warmup < 1, "the warm-up of the learning rate", o.learning_warmup,
          "in [0, 1)");
  require(o.momentum >= 0 && o.momentum < 1, "the momentum", o.momentum, "in [0, 1)");
  require(o.weight_decay >= 0 && o.weight_decay < 1, "the weight decay", o.weight_decay, "in [0, 1)");
  require(o.label_smoothing >= 0 && o.label_smoothing < 1, "the label smoothing", o.label_smoothing, "in [0, 1)");
  require(o.policy_rate >= 0 && o.policy_rate < 100, "the rate of the choices", o.policy_rate, "0 or more");
  require(o.baseline_decay >= 0 && o.baseline_decay < 1, "the decay of the baseline", o.baseline_decay, "in [0, 1)");
  require(o.beta <= 0 && o.beta >= -1e6, "beta", o.beta, "0 or below");
  require(o.judged >= 1, "the number of finalists", static_cast<double>(o.judged), "at least 1");
  require(o.judge_images >= 0, "the number of images a finalist", static_cast<double>(o.judge_images), "0 or more");
}

}  // namespace Atoll
