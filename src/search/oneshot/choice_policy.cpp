#include "search/oneshot/choice_policy.h"

#include <algorithm>
#include <cmath>

namespace Atoll {
namespace {

constexpr double kBeta2 = 0.999, kEpsilon = 1e-8;  // Adam's usual ones

}  // namespace

ChoicePolicy::ChoicePolicy(const std::vector<Decision>& decisions) {
  for (const Decision& decision : decisions) {
    const std::vector<double> zeros(decision.choices.size(), 0.0);
    decisions_.push_back({.value = zeros, .square = zeros});
  }
}

std::vector<double> ChoicePolicy::probabilities(std::size_t decision) const {
  std::vector<double> p = decisions_[decision].value;
  const double top = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - top);
  for (double& value : p) value /= sum;
  return p;
}

Genotype ChoicePolicy::sample(Rng& rng) const {
  Genotype genotype;
  for (std::size_t d = 0; d < decisions_.size(); ++d) {
    const std::vector<double> p = probabilities(d);
    double rest = rng.uniform();
    std::size_t choice = 0;
    while (choice + 1 < p.size() && rest >= p[choice]) rest -= p[choice++];
    genotype.push_back(static_cast<int>(choice));
  }
  return genotype;
}

Genotype ChoicePolicy::most_probable() const {
  Genotype genotype;
  for (const Logits& logits : decisions_)
    genotype.push_back(
        static_cast<int>(std::max_element(logits.value.begin(), logits.value.end()) - logits.value.begin()));
  return genotype;
}

double ChoicePolicy::log_probability(const Genotype& genotype) const {
  double sum = 0;
  for (std::size_t d = 0; d < decisions_.size(); ++d)
    sum += std::log(std::max(probabilities(d)[static_cast<std::size_t>(genotype[d])], 1e-300));
  return sum;
}

double ChoicePolicy::entropy() const {
  double sum = 0;
  for (std::size_t d = 0; d < decisions_.size(); ++d)
    for (const double p : probabilities(d)) sum -= p > 0 ? p * std::log(p) : 0;
  return decisions_.empty() ? 0 : sum / static_cast<double>(decisions_.size());
}

void ChoicePolicy::update(const Genotype& genotype, double reward, double rate, double baseline_decay) {
  const double advantage = weight_ > 0 ? reward - baseline_ / weight_ : 0;
  baseline_ = baseline_decay * baseline_ + (1 - baseline_decay) * reward;
  weight_ = baseline_decay * weight_ + (1 - baseline_decay);
  kept_ *= kBeta2;
  for (std::size_t d = 0; d < decisions_.size(); ++d) {
    const std::vector<double> p = probabilities(d);
    Logits& logits = decisions_[d];
    for (std::size_t c = 0; c < p.size(); ++c) {
      const double gradient = advantage * ((static_cast<int>(c) == genotype[d] ? 1.0 : 0.0) - p[c]);
      logits.square[c] = kBeta2 * logits.square[c] + (1 - kBeta2) * gradient * gradient;
      logits.value[c] += rate * gradient / (std::sqrt(logits.square[c] / (1 - kept_)) + kEpsilon);
    }
  }
}

void ChoicePolicy::write(training::ByteWriter& writer) const {
  writer.put(baseline_);
  writer.put(weight_);
  writer.put(kept_);
  for (const Logits& logits : decisions_) {
    writer.put_array(std::span<const double>(logits.value));
    writer.put_array(std::span<const double>(logits.square));
  }
}

void ChoicePolicy::read(training::ByteReader& reader) {
  baseline_ = reader.get<double>();
  weight_ = reader.get<double>();
  kept_ = reader.get<double>();
  for (Logits& logits : decisions_) {
    reader.get_array(std::span(logits.value), "the choices' logits");
    reader.get_array(std::span(logits.square), "the choices' moments");
  }
}

}  // namespace Atoll
