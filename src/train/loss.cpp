#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "atoll/error.h"

namespace Atoll::training {

void check_labels(const Batch& batch, std::int64_t classes) {
  for (const std::vector<int>* labels : {&batch.labels, &batch.mixed_labels})
    for (const int label : *labels)
      if (label < 0 || label >= classes)
        fail("label {} does not fit a network of {} classes (0 to {})", label, classes, classes - 1);
}

Loss cross_entropy(const Batch& batch, std::int64_t first, std::int64_t count, std::int64_t classes,
                   const float* logits, double smoothing, float* gradient) {
  Loss loss;
  const double base = smoothing / static_cast<double>(classes);
  for (std::int64_t i = 0; i < count; ++i) {
    const float* row = logits + i * classes;
    const auto image = static_cast<std::size_t>(first + i);
    const int label = batch.labels[image];
    const bool mixed = !batch.mixed_labels.empty();
    const int other = mixed ? batch.mixed_labels[image] : label;
    const double share = mixed ? batch.mixed_share[image] : 0.0;
    const double top = *std::max_element(row, row + classes);
    double total = 0, sum = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
      total += std::exp(row[k] - top);
      sum += row[k];
    }
    const double log_total = std::log(total) + top;
    const double target = (1 - share) * row[label] + share * row[other];
    loss.sum += log_total - (1 - smoothing) * target - base * sum;
    if (std::max_element(row, row + classes) - row == label) ++loss.correct;
    if (!gradient) continue;
    float* g = gradient + i * classes;
    const double mean = 1.0 / static_cast<double>(batch.size);
    for (std::int64_t k = 0; k < classes; ++k) {
      double wanted = base;
      if (k == label) wanted += (1 - smoothing) * (1 - share);
      if (k == other) wanted += (1 - smoothing) * share;
      g[k] = static_cast<float>((std::exp(row[k] - log_total) - wanted) * mean);
    }
  }
  return loss;
}

namespace {

// log(softmax(logits / temperature))
void log_shares(const float* logits, std::int64_t classes, double temperature, std::vector<double>& out) {
  const double top = *std::max_element(logits, logits + classes);
  double total = 0;
  for (std::int64_t k = 0; k < classes; ++k) total += std::exp((logits[k] - top) / temperature);
  out.resize(static_cast<std::size_t>(classes));
  for (std::int64_t k = 0; k < classes; ++k)
    out[static_cast<std::size_t>(k)] = (logits[k] - top) / temperature - std::log(total);
}

}  // namespace

void add_distillation(const Distillation& distillation, std::int64_t batch, std::int64_t count, std::int64_t classes,
                      const float* logits, const float* teacher, Loss& loss, float* gradient) {
  const double weight = distillation.weight, t = distillation.temperature;
  std::vector<double> own, wanted;
  double divergence = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    log_shares(logits + i * classes, classes, t, own);
    log_shares(teacher + i * classes, classes, t, wanted);
    float* g = gradient + i * classes;
    for (std::size_t k = 0; k < own.size(); ++k) {
      const double p = std::exp(wanted[k]);
      divergence += p * (wanted[k] - own[k]);
      g[k] = static_cast<float>((1 - weight) * g[k] + weight * t * (std::exp(own[k]) - p) / static_cast<double>(batch));
    }
  }
  loss.sum = (1 - weight) * loss.sum + weight * t * t * divergence;
}

}  // namespace Atoll::training
