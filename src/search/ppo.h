// Ppo: MnasNet's search (Tan et al., 2019). A recurrent controller samples networks; every batch of rewards
// moves it by proximal policy optimization (Schulman et al., 2017): advantage, ratio of each decision's probability
// clipped, entropy kept up. A critic that learns from every reward (RewardModel, FeasibilityModel) says which of
// the controller's samples is worth a training, as in DyNA-PPO (Angermueller et al., 2020).
#pragma once

#include <string>
#include <vector>

#include "search/algorithms.h"
#include "search/controller.h"
#include "search/feasibility_model.h"
#include "search/reward_model.h"

namespace Atoll {

class Ppo : public SearchAlgorithm {
 public:
  Ppo(const Space& space, const AlgorithmOptions& options);
  Genotype ask() override;
  void tell(const Genotype& genotype, const Scores& scores) override;

 private:
  struct Sample {
    Genotype genotype;
    double reward;
    bool feasible;
  };
  Genotype sample_blindly();
  Genotype most_promising();
  std::vector<Genotype> pool();
  std::vector<float> advantages(const std::vector<Sample>& batch);
  void update();

  const Space& space_;
  AlgorithmOptions options_;
  Rng rng_;
  Novelty novelty_;
  Controller controller_;
  RewardModel rewards_;
  FeasibilityModel feasibility_;
  std::vector<Sample> batch_;
  std::vector<double> told_;  // rewards of what was feasible, ascending
  double baseline_ = 0;
  bool has_baseline_ = false;
};

// What of these options the result depends on, in words.
std::string settings_text(const PpoOptions& options, const Reward& reward);

}  // namespace Atoll
