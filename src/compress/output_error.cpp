#include "compress/output_error.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "atoll/runtime.h"
#include "base/interrupt.h"
#include "graph/probabilities.h"
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
  const int node = probabilities_node(graph);
  if (node < 0) return kNoTensor;
  const auto* softmax = std::get_if<Softmax>(&graph.nodes[static_cast<std::size_t>(node)].op);
  return softmax && softmax->beta == 1 ? graph.nodes[static_cast<std::size_t>(node)].inputs[0] : kNoTensor;
}

Graph with_output(Graph graph, TensorId id) {
  if (id != kNoTensor) graph.outputs.push_back(id);
  return graph;
}

}  // namespace

// A network that answers pictures in several threads, each with a session of its own.
class Reference::Network {
 public:
  struct Answer {
    std::vector<float> scores;         // what the network gives
    std::vector<float> probabilities;  // not rounded to the 8 bits of a softmax where it has logits
  };

  Network(const Reference& reference, const Graph& graph)
      : reference_(reference),
        logits_(logits_of(graph)),
        network_(with_output(graph, logits_)),
        from_logits_(logits_ != kNoTensor || !gives_probabilities(graph)),
        knows_inputs_(!reference.inputs_.empty() && graph.input().shape == reference.input_ &&
                      preprocessing_of(graph) == reference.preprocessing_),
        pool_(reference.threads_),
        places_(static_cast<std::size_t>(pool_.size())) {}

  bool from_logits() const { return from_logits_; }

  // Calls take(picture, answer) for the pictures of a range, in several threads.
  template <typename Take>
  void answer(std::size_t first, std::size_t last, Take&& take) {
    const auto count = static_cast<std::int64_t>(last - first);
    pool_.for_ranges(count, [&](std::int64_t begin, std::int64_t end, int thread) {
      std::unique_ptr<Place>& place = places_[static_cast<std::size_t>(thread)];
      if (!place) place = std::make_unique<Place>(network_);
      for (std::int64_t i = begin; i < end; ++i) {
        throw_if_interrupted();
        const std::size_t picture = first + static_cast<std::size_t>(i);
        take(picture, answer_of(*place, picture));
      }
    });
  }

 private:
  struct Place {
    Session session;
    ModelInput input;
    explicit Place(const Graph& graph) : session(graph, {.threads = 1}), input(session.graph()) {}
  };

  Answer answer_of(Place& place, std::size_t picture) const {
    if (knows_inputs_) {
      place.session.set_input(reference_.inputs_[picture]);
    } else {
      place.input.set(0, reference_.data_.image(reference_.indices_[picture]));
      place.input.write_to(place.session);
    }
    place.session.run();
    Answer answer;
    answer.scores = place.session.output_values();
    answer.probabilities = logits_ != kNoTensor ? place.session.output_values(1) : answer.scores;
    if (from_logits_) make_probabilities(answer.probabilities);
    return answer;
  }

  const Reference& reference_;
  const TensorId logits_;
  const Graph network_;
  const bool from_logits_, knows_inputs_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Place>> places_;  // by thread
};

Reference::Reference(const Graph& real, const Dataset& data, std::vector<std::int64_t> indices, int threads)
    : data_(data),
      preprocessing_(preprocessing_of(real)),
      input_(real.input().shape),
      indices_(std::move(indices)),
      threads_(threads > 0 ? threads : hardware_threads()) {
  keep_inputs();
  real_.resize(indices_.size());
  Network(*this, real).answer(0, indices_.size(), [&](std::size_t picture, Network::Answer answer) {
    real_[picture] = std::move(answer.probabilities);
  });
  const int offset = classes_of(real) == static_cast<std::int64_t>(data.classes().size()) + 1 ? 1 : 0;
  for (std::size_t i = 0; i < indices_.size(); ++i)
    float_right_.push_back(best(real_[i]) == data.label(indices_[i]) + offset);
  const auto right = std::count(float_right_.begin(), float_right_.end(), true);
  float_top1_ = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, indices_.size()));
}

void Reference::keep_inputs() {
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  const auto values = static_cast<std::size_t>(input_.elements());
  if (indices_.size() > kMostBytes / sizeof(float) / std::max<std::size_t>(1, values)) return;
  inputs_.assign(indices_.size(), std::vector<float>(values));
  ThreadPool(threads_).for_each(static_cast<std::int64_t>(indices_.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    preprocess(data_.image(indices_[at]), preprocessing_, static_cast<int>(input_.h()), static_cast<int>(input_.w()),
               static_cast<int>(input_.c()), inputs_[at]);
  });
}

double Reference::error_of(std::size_t picture, const std::vector<float>& probabilities, bool from_logits) const {
  // A probability of 0 from an 8-bit softmax stands for up to half a step of 1/256. Among a thousand classes such
  // halves would outweigh all else, which is why logits are looked at where there are some.
  constexpr double kHalfStep = 1.0 / 512, kNothing = 1e-12;
  return divergence(real_[picture], probabilities, from_logits ? kNothing : kHalfStep);
}

Reference::Score Reference::score(const Graph& graph) const {
  struct Verdict {
    bool right = false, agrees = false;
    double expected_drop = 0, error = 0;
  };
  std::vector<Verdict> verdicts(indices_.size());
  Network network(*this, graph);
  network.answer(0, indices_.size(), [&](std::size_t picture, const Network::Answer& answer) {
    const int offset = answer.scores.size() == data_.classes().size() + 1 ? 1 : 0;
    const std::vector<float>& real = real_[picture];
    const int own_class = best(answer.scores), real_class = best(real);
    verdicts[picture] = {.right = own_class == data_.label(indices_[picture]) + offset,
                         .agrees = own_class == real_class,
                         .expected_drop = static_cast<double>(real[static_cast<std::size_t>(real_class)]) -
                                          static_cast<double>(real[static_cast<std::size_t>(own_class)]),
                         .error = error_of(picture, answer.probabilities, network.from_logits())};
  });
  Score score;
  const double n = static_cast<double>(std::max<std::size_t>(1, verdicts.size()));
  for (const Verdict& verdict : verdicts) {
    score.right.push_back(verdict.right);
    score.top1 += verdict.right;
    score.agreement += verdict.agrees;
    score.expected_drop += verdict.expected_drop;
    score.output_error += verdict.error;
  }
  score.top1 /= n;
  score.agreement /= n;
  score.output_error /= n;
  score.expected_drop /= n;
  return score;
}

bool Reference::beats(const Graph& graph, std::vector<double>& leader, double worth_while, double behind) const {
  const std::size_t size = indices_.size(), quarter = (size + 3) / 4;
  std::vector<double> errors(size);
  const double limit = leader.empty() ? INFINITY : worth_while * std::accumulate(leader.begin(), leader.end(), 0.0);
  double sum = 0, leaders_sum = 0;
  Network network(*this, graph);
  for (std::size_t first = 0; first < size; first += quarter) {
    const std::size_t last = std::min(size, first + quarter);
    network.answer(first, last, [&](std::size_t picture, const Network::Answer& answer) {
      errors[picture] = error_of(picture, answer.probabilities, network.from_logits());
    });
    for (std::size_t i = first; i < last; ++i) {
      sum += errors[i];
      if (!leader.empty()) leaders_sum += leader[i];
    }
    if (sum >= limit) return false;
    if (!leader.empty() && first == 0 && sum >= behind * leaders_sum) return false;
  }
  leader = std::move(errors);
  return true;
}

}  // namespace Atoll
