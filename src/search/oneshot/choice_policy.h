// ChoicePolicy: an independent softmax for every decision of a space, moved by REINFORCE. The step is Adam's with
// beta1 = 0, as TuNAS has it: the gradient over the root of its mean square.
#pragma once

#include <vector>

#include "atoll/random.h"
#include "atoll/search.h"
#include "train/bytes.h"

namespace Atoll {

class ChoicePolicy {
 public:
  explicit ChoicePolicy(const std::vector<Decision>& decisions);  // uniform

  Genotype sample(Rng& rng) const;
  Genotype most_probable() const;
  std::vector<double> probabilities(std::size_t decision) const;
  double log_probability(const Genotype& genotype) const;
  double entropy() const;  // nats, the mean over the decisions

  // d log p(genotype) * (reward - baseline), the baseline being the moving mean of the rewards before this one.
  void update(const Genotype& genotype, double reward, double rate, double baseline_decay);

  void write(training::ByteWriter& writer) const;
  void read(training::ByteReader& reader);

 private:
  struct Logits {
    std::vector<double> value, square;  // and the moving mean of the gradients' squares
  };
  std::vector<Logits> decisions_;
  double baseline_ = 0, weight_ = 0;  // weight_: of the rewards in the baseline, for its start at 0
  double kept_ = 1;                   // beta2 to the power of the updates, for the squares' start at 0
};

}  // namespace Atoll
