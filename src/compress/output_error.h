// How far an int8 network's answers are from the float network's, on pictures whose float answers are kept.
#pragma once

#include <vector>

#include "atoll/compress.h"
#include "atoll/threads.h"

namespace Atoll {

// The float network's answers to some pictures.
class Reference {
 public:
  Reference(const Graph& real, const Dataset& data, std::vector<std::int64_t> indices, int threads);

  struct Score {
    double top1 = 0, agreement = 0;
    double output_error = 0;   // mean Kullback-Leibler divergence of the probabilities, from logits where it has them
    double expected_drop = 0;  // mean float probability of the float network's class, less that of this one's
    std::vector<bool> right;   // by picture
  };
  Score score(const Graph& graph) const;
  double float_top1() const { return float_top1_; }
  const std::vector<bool>& float_right() const { return float_right_; }
  std::int64_t images() const { return static_cast<std::int64_t>(indices_.size()); }

 private:
  struct Answers {                                  // by picture
    std::vector<std::vector<float>> scores;         // what the network gives
    std::vector<std::vector<float>> probabilities;  // not rounded to the 8 bits of a softmax where it has logits
    bool from_logits = false;
  };
  Answers answers(const Graph& graph) const;

  const Dataset& data_;
  std::vector<std::int64_t> indices_;
  int threads_;
  std::vector<std::vector<float>> real_;  // by picture: probabilities
  std::vector<bool> float_right_;
  double float_top1_ = 0;
};

}  // namespace Atoll
