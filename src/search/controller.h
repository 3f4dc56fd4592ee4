// Controller: a recurrent policy over genotypes. One LSTM layer reads the previous choice (a learned vector)
// and a softmax of the decision's own size writes the next one, as in NASNet and MnasNet. Gradients by
// backpropagation through time, steps by Adam. Everything is batched: a column for each genotype.
#pragma once

#include <Eigen/Dense>
#include <functional>
#include <vector>

#include "atoll/random.h"
#include "atoll/search.h"

namespace Atoll {

class Controller {
 public:
  Controller(const std::vector<Decision>& decisions, int hidden, int embedding, Rng& rng);

  Genotype sample(Rng& rng) const { return sample(1, rng)[0]; }
  std::vector<Genotype> sample(int count, Rng& rng) const;

  // Probabilities of every choice, [decision] -> [choice, genotype], each decision given those before it.
  using Policy = std::vector<Eigen::MatrixXf>;
  Policy policy(const std::vector<Genotype>& batch) const;

  // One Adam step down the gradient of a loss, of which `gradient` answers the derivative by the logits,
  // shaped like the Policy it is given.
  void step(const std::vector<Genotype>& batch, float learning_rate,
            const std::function<Policy(const Policy&)>& gradient);

 private:
  struct State;  // of one step, kept for the way back
  Eigen::MatrixXf input_of(std::size_t decision, const std::vector<Genotype>& batch) const;
  State advance(const Eigen::MatrixXf& input, const Eigen::MatrixXf& h, const Eigen::MatrixXf& c) const;
  Eigen::MatrixXf probabilities(std::size_t decision, const Eigen::MatrixXf& h) const;

  int hidden_, embedding_;
  std::vector<int> first_;  // column of a decision's first choice among the embeddings; 0 is the start
  // parameters_[0]: embeddings [embedding, 1 + all choices]; [1], [2]: LSTM weights [4 hidden, embedding +
  // hidden] and biases [4 hidden, 1], gates in the order input, forget, output, new; then weights and bias of
  // each decision's softmax.
  std::vector<Eigen::MatrixXf> parameters_, mean_, square_;  // and Adam's moments of them
  int steps_ = 0;
};

}  // namespace Atoll
