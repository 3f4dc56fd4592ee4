#include "search/ppo.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "search/breeding.h"

namespace Atoll {

Ppo::Ppo(const Space& space, const AlgorithmOptions& options)
    : space_(space),
      options_(options),
      rng_(options.seed),
      novelty_(space),
      controller_(space.decisions(), options.ppo.hidden, options.ppo.embedding, rng_),
      rewards_(space),
      feasibility_(space) {}

Genotype Ppo::ask() {
  const std::size_t first =
      options_.ppo.first > 0 ? static_cast<std::size_t>(options_.ppo.first) : space_.decisions().size();
  const bool critic = options_.ppo.pool > 0 && rewards_.size() >= std::max<std::size_t>(2, first);
  return critic ? most_promising() : sample_blindly();
}

Genotype Ppo::sample_blindly() {
  int draws = 0;
  return novelty_.fresh([&] {
    Genotype genotype = controller_.sample(rng_);
    if (options_.ppo.pool > 0)
      for (int i = 0; i < 50 && feasibility_.probability(genotype, true) < 0.5; ++i)
        genotype = controller_.sample(rng_);
    // A converged controller repeats itself; its neighbours are asked for then.
    for (int more = draws++ / 20; more > 0; --more) genotype = mutate(space_, std::move(genotype), rng_);
    return genotype;
  });
}

std::vector<Genotype> Ppo::pool() {
  const PpoOptions& o = options_.ppo;
  std::vector<Genotype> pool = controller_.sample(o.pool, rng_);
  for (int i = 0; i < o.random; ++i) pool.push_back(random_genotype(space_, rng_));
  const Breeder breeder(space_, rewards_);
  for (int i = 0; i < o.bred; ++i) pool.push_back(breeder.child(rng_));
  breeder.add_neighbours(static_cast<std::size_t>(o.neighbours), pool);
  return fresh_networks(space_, novelty_, pool);
}

Genotype Ppo::most_promising() {
  rewards_.learn();
  const auto best =
      best_by_improvement(pool(), rewards_, feasibility_, static_cast<std::size_t>(options_.ppo.short_list), rng_);
  if (!best) return sample_blindly();
  novelty_.note(*best);
  return *best;
}

void Ppo::tell(const Genotype& genotype, const Scores& scores) {
  novelty_.note(genotype);
  feasibility_.add(genotype, scores.latency_ms, scores.feasible);
  if (scores.feasible) {
    rewards_.add(genotype, scores.reward);
    told_.insert(std::upper_bound(told_.begin(), told_.end(), scores.reward), scores.reward);
  }
  batch_.push_back({genotype, scores.reward, scores.feasible});
  if (static_cast<int>(batch_.size()) >= options_.ppo.batch) update();
}

std::vector<float> Ppo::advantages(const std::vector<Sample>& batch) {
  constexpr double kMost = 3;
  const PpoOptions& o = options_.ppo;
  const auto n = static_cast<double>(batch.size());
  double mean = 0, squares = 0;
  for (const Sample& sample : batch) {
    mean += sample.reward / n;
    squares += sample.reward * sample.reward / n;
  }
  if (!has_baseline_) baseline_ = mean;
  has_baseline_ = true;
  const double deviation = std::sqrt(std::max(squares - mean * mean, 1e-12));
  std::vector<float> result;
  for (const Sample& sample : batch) {
    double advantage = (sample.reward - baseline_) / deviation;
    if (o.by_rank && !sample.feasible) advantage = -1;
    if (o.by_rank && sample.feasible) {
      const auto [low, high] = std::equal_range(told_.begin(), told_.end(), sample.reward);
      const auto rank = static_cast<double>((low - told_.begin()) + (high - told_.begin()));
      advantage = normal_quantile(rank / (2 * static_cast<double>(told_.size())));
    }
    result.push_back(static_cast<float>(std::clamp(advantage, -kMost, kMost)));
  }
  baseline_ = o.baseline_decay * baseline_ + (1 - o.baseline_decay) * mean;
  return result;
}

void Ppo::update() {
  const PpoOptions& o = options_.ppo;
  std::vector<Sample> samples = std::move(batch_);
  batch_.clear();
  rewards_.learn();
  for (std::size_t i = 0; i < std::min(static_cast<std::size_t>(o.elites), rewards_.size()); ++i)
    samples.push_back({rewards_.best(i), rewards_.reward(i), true});
  std::vector<Genotype> genotypes;
  for (const Sample& sample : samples) genotypes.push_back(sample.genotype);
  const std::vector<float> advantage = advantages(samples);
  const auto clip = static_cast<float>(o.clip), entropy_weight = static_cast<float>(o.entropy);

  const Controller::Policy old = controller_.policy(genotypes);
  for (int epoch = 0; epoch < o.epochs; ++epoch) {
    controller_.step(genotypes, static_cast<float>(o.learning_rate), [&](const Controller::Policy& policy) {
      Controller::Policy gradient;
      for (std::size_t d = 0; d < policy.size(); ++d) {
        const Eigen::MatrixXf& p = policy[d];
        Eigen::MatrixXf g(p.rows(), p.cols());
        for (Eigen::Index i = 0; i < p.cols(); ++i) {
          const auto at = static_cast<std::size_t>(i);
          const int choice = genotypes[at][d];
          const float ratio = p(choice, i) / std::max(old[d](choice, i), 1e-12f);
          // Where the clipped term is the smaller one, its derivative is zero.
          const bool clipped = advantage[at] > 0 ? ratio > 1 + clip : ratio < 1 - clip;
          const float weight = clipped ? 0 : advantage[at] * ratio;
          const Eigen::VectorXf log_p = (p.col(i).array() + 1e-12f).log();
          const float entropy = -p.col(i).dot(log_p);
          g.col(i) = weight * p.col(i) + entropy_weight * p.col(i).cwiseProduct((log_p.array() + entropy).matrix());
          g(choice, i) -= weight;
        }
        gradient.push_back(g / static_cast<float>(samples.size()));
      }
      return gradient;
    });
  }
}

std::string settings_text(const PpoOptions& o, const Reward& r) {
  const std::string reward =
      r.kind == Reward::Kind::kMnas ? fmt::format("mnas {} {}", r.below, r.above) : fmt::format("absolute {}", r.beta);
  return fmt::format(
      "reward {}, LSTM {} of {}, batch {} and {} elites, {} epochs, rate {}, clip {}, entropy {}, by rank {}, baseline "
      "{}, critic from {} on a pool of {} + {} x neighbours + {} bred + {} random, short list {}",
      reward, o.hidden, o.embedding, o.batch, o.elites, o.epochs, o.learning_rate, o.clip, o.entropy, o.by_rank,
      o.baseline_decay, o.first, o.pool, o.neighbours, o.bred, o.random, o.short_list);
}

}  // namespace Atoll
