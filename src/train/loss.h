// Softmax cross entropy with label smoothing and mixed labels, and its gradient.
#pragma once

#include <cstdint>

#include "atoll/data.h"

namespace Atoll::training {

struct Loss {
  double sum = 0;            // over the images
  std::int64_t correct = 0;  // whose label has the greatest logit
};

// Images [first, first + count) of `batch`, whose logits are [count, classes]. `gradient` (may be null) gets the
// derivative of the batch's mean loss. The target of label l is (1 - smoothing) * [class = l] + smoothing / classes.
Loss cross_entropy(const Batch& batch, std::int64_t first, std::int64_t count, std::int64_t classes,
                   const float* logits, double smoothing, float* gradient);

// Adds the divergence from a teacher (Hinton et al. 2015) to what cross_entropy gave for the same images:
//   loss = (1 - weight) * loss + weight * T^2 * KL(softmax(teacher / T) || softmax(logits / T))
// `teacher` is [count, classes]; the gradient is that of the mean over `batch` images.
struct Distillation {
  double weight = 0, temperature = 1;
};
void add_distillation(const Distillation& distillation, std::int64_t batch, std::int64_t count, std::int64_t classes,
                      const float* logits, const float* teacher, Loss& loss, float* gradient);

// Throws Error for labels that are not in 0 .. classes-1.
void check_labels(const Batch& batch, std::int64_t classes);

}  // namespace Atoll::training
