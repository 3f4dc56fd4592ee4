#include "compress/output_error.h"

#include <algorithm>
#include <cmath>

#include "atoll/runtime.h"
#include "base/interrupt.h"
#include "runtime/model_input.h"

namespace Atoll {
namespace {

int best(const std::vector<float>& scores) {
  return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

void make_probabilities(std::vector<float>& scores) {
  const float largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& s : scores) sum += s = std::exp(s - largest);
  for (float& s : scores) s = static_cast<float>(s / sum);
}

// Kullback-Leibler divergence of q from p, where no probability of q counts for less than `least`.
double divergence(const std::vector<float>& p, const std::vector<float>& q, double least) {
  double sum = 0, total = 0;
  for (const float v : q) total += std::max<double>(v, least);
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] > 0) sum += p[i] * std::log(p[i] / (std::max<double>(q[i], least) / total));
  return std::max(0.0, sum);
}

// What the softmax at the end reads, or kNoTensor.
TensorId logits_of(const Graph& graph) {
  TensorId id = graph.outputs.at(0);
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->outputs.at(0) != id) continue;
    id = node->inputs.at(0);
    if (std::holds_alternative<Softmax>(node->op)) return std::get<Softmax>(node->op).beta == 1 ? id : kNoTensor;
    if (!std::holds_alternative<Quantize>(node->op) && !std::holds_alternative<Dequantize>(node->op)) break;
  }
  return kNoTensor;
}

}  // namespace

Reference::Reference(const Graph& real, const Dataset& data, std::vector<std::int64_t> indices, int threads)
    : data_(data), indices_(std::move(indices)), threads_(threads > 0 ? threads : hardware_threads()) {
  real_ = answers(real).probabilities;
  const int offset = classes_of(real) == static_cast<std::int64_t>(data.classes().size()) + 1 ? 1 : 0;
  for (std::size_t i = 0; i < indices_.size(); ++i)
    float_right_.push_back(best(real_[i]) == data.label(indices_[i]) + offset);
  const auto right = std::count(float_right_.begin(), float_right_.end(), true);
  float_top1_ = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, indices_.size()));
}

Reference::Answers Reference::answers(const Graph& graph) const {
  Graph network = graph;
  const TensorId logits = logits_of(graph);
  if (logits != kNoTensor) network.outputs.push_back(logits);
  Answers result{.scores = std::vector<std::vector<float>>(indices_.size()),
                 .probabilities = std::vector<std::vector<float>>(indices_.size()),
                 .from_logits = logits != kNoTensor || !gives_probabilities(graph)};
  ThreadPool pool(threads_);
  pool.for_ranges(static_cast<std::int64_t>(indices_.size()), [&](std::int64_t begin, std::int64_t end, int) {
    Session session(network, {.threads = 1});
    ModelInput input(session.graph());
    for (std::int64_t i = begin; i < end; ++i) {
      throw_if_interrupted();
      const auto at = static_cast<std::size_t>(i);
      input.set(0, data_.image(indices_[at]));
      input.write_to(session);
      session.run();
      result.scores[at] = session.output_values();
      result.probabilities[at] = logits != kNoTensor ? session.output_values(1) : result.scores[at];
      if (result.from_logits) make_probabilities(result.probabilities[at]);
    }
  });
  return result;
}

Reference::Score Reference::score(const Graph& graph) const {
  // A probability of 0 from an 8-bit softmax stands for up to half a step of 1/256. Among a thousand classes such
  // halves would outweigh all else, which is why logits are looked at where there are some.
  constexpr double kHalfStep = 1.0 / 512, kNothing = 1e-12;
  const Answers answer = answers(graph);
  const std::vector<std::vector<float>>& own = answer.scores;
  Score score;
  const double n = static_cast<double>(std::max<std::size_t>(1, own.size()));
  for (std::size_t i = 0; i < own.size(); ++i) {
    const int offset = own[i].size() == data_.classes().size() + 1 ? 1 : 0;
    score.right.push_back(best(own[i]) == data_.label(indices_[i]) + offset);
    score.top1 += score.right.back();
    score.agreement += best(own[i]) == best(real_[i]);
    score.expected_drop += static_cast<double>(real_[i][static_cast<std::size_t>(best(real_[i]))]) -
                           static_cast<double>(real_[i][static_cast<std::size_t>(best(own[i]))]);
    score.output_error += divergence(real_[i], answer.probabilities[i], answer.from_logits ? kNothing : kHalfStep);
  }
  score.top1 /= n;
  score.agreement /= n;
  score.output_error /= n;
  score.expected_drop /= n;
  return score;
}

}  // namespace Atoll
