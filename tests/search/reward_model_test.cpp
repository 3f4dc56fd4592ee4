#include "search/reward_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "search/toy_space.h"

namespace Atoll {
namespace {

TEST(NormalQuantile, IsTheInverseOfTheDistributionFarIntoBothTails) {
  for (double tail = 0.5; tail > 1e-14; tail *= 0.7) {
    EXPECT_NEAR(normal_probability(normal_quantile(tail)) / tail, 1, 1e-9) << tail;
    EXPECT_NEAR(normal_quantile(1 - tail), -normal_quantile(tail), 1e-9 / tail * 1e-6) << tail;
  }
  EXPECT_DOUBLE_EQ(normal_quantile(0.5), 0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963985, 1e-9);
  EXPECT_TRUE(std::isfinite(normal_quantile(1e-300)));
}

double pearson(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  const Eigen::ArrayXd x = a.array() - a.mean(), y = b.array() - b.mean();
  return (x * y).sum() / std::sqrt(x.square().sum() * y.square().sum());
}

// How well a model of so many random networks' rewards predicts others.
double correlation_after(int rewards) {
  const ToySpace space;
  RewardModel model(space);
  Rng rng(7);
  while (static_cast<int>(model.size()) < rewards) {
    const Genotype genotype = random_genotype(space, rng);
    model.add(genotype, ToySpace::accuracy(ToySpace::digits(genotype)) + 0.01 * rng.normal());
    model.learn();
  }
  std::vector<Genotype> unseen;
  Eigen::VectorXd truth(100);
  for (Eigen::Index i = 0; i < truth.size(); ++i) {
    unseen.push_back(random_genotype(space, rng));
    truth[i] = ToySpace::accuracy(ToySpace::digits(unseen.back()));
  }
  return pearson(model.means(unseen), truth);
}

TEST(RewardModel, PredictsTheBetterTheMoreItWasTold) {
  const double few = correlation_after(60), many = correlation_after(600);
  EXPECT_GT(few, 0.6);
  EXPECT_GT(many, 0.95);
  EXPECT_GT(many, few);
}

// Every network has one of two rewards, by a single decision: an order among equals would look like luck.
TEST(RewardModel, SeesNoDifferenceBetweenEqualRewards) {
  const ToySpace space(6);
  RewardModel model(space);
  Rng rng(2);
  while (model.size() < 300) {
    const Genotype genotype = random_genotype(space, rng);
    model.add(genotype, genotype[2] == 1 ? 0.9 : 0.5);
  }
  model.learn();
  std::vector<Genotype> unseen;
  for (int i = 0; i < 60; ++i) unseen.push_back(random_genotype(space, rng));
  const Eigen::VectorXd means = model.means(unseen);
  double least_of_good = 1e9, most_of_bad = -1e9;
  for (std::size_t i = 0; i < unseen.size(); ++i) {
    const double mean = means[static_cast<Eigen::Index>(i)];
    if (unseen[i][2] == 1) least_of_good = std::min(least_of_good, mean);
    if (unseen[i][2] != 1) most_of_bad = std::max(most_of_bad, mean);
  }
  EXPECT_GT(least_of_good - most_of_bad, 1);
}

TEST(RewardModel, HasOneRewardOfANetworkWhateverSaysIt) {
  const auto space = make_space("nas-bench-201", {.h = 32, .w = 32, .channels = 3, .classes = 10});
  RewardModel model(*space);
  EXPECT_TRUE(model.add({3, 3, 4, 3, 0, 0}, 0.5));
  EXPECT_FALSE(model.add({0, 0, 0, 3, 0, 0}, 0.9));  // the same: edges that lead nowhere
  EXPECT_EQ(model.size(), 1u);
  model.learn();
  EXPECT_DOUBLE_EQ(model.reward(0), 0.5);
}

}  // namespace
}  // namespace Atoll
