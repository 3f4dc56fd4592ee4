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

  // Whether the output error of `graph` is below `worth_while` times that of the leader, whose errors by picture are
  // replaced then (empty: there is none, and `graph` becomes it). A quarter of the pictures is looked at after
  // the other. What can no longer win is given up, and what has `behind` times the leader's errors after the first
  // quarter.
  bool beats(const Graph& graph, std::vector<double>& leader, double worth_while, double behind) const;
  double float_top1() const { return float_top1_; }
  const std::vector<bool>& float_right() const { return float_right_; }
  std::int64_t images() const { return static_cast<std::int64_t>(indices_.size()); }

 private:
  class Network;
  void keep_inputs();
  double error_of(std::size_t picture, const std::vector<float>& probabilities, bool from_logits) const;

  const Dataset& data_;
  Preprocessing preprocessing_;
  Shape input_;
  std::vector<std::vector<float>> inputs_;  // by picture, of this preprocessing and shape; none where they are too many
  std::vector<std::int64_t> indices_;
  int threads_;
  std::vector<std::vector<float>> real_;  // by picture: probabilities
  std::vector<bool> float_right_;
  double float_top1_ = 0;
};

}  // namespace Atoll
