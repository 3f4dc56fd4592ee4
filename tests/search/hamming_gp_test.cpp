#include "search/hamming_gp.h"

#include <gtest/gtest.h>

#include <cmath>

namespace Atoll {
namespace {

std::vector<Decision> decisions(int n) {
  return std::vector<Decision>(static_cast<std::size_t>(n), {"d", {"0", "1", "2"}});
}

double mean(const HammingGp& process, const Genotype& genotype) {
  return process.means(process.kernel({&genotype, 1}))[0];
}
double deviation(const HammingGp& process, const Genotype& genotype) {
  return process.deviations(process.kernel({&genotype, 1}))[0];
}

// Two observations that differ in one decision: the posterior has the closed form of a 2 x 2 system. Before a
// fit every weight is 1 / decisions and the noise 0.02.
TEST(HammingGp, IsTheClosedFormForTwoObservations) {
  HammingGp process(decisions(2));
  process.add({0, 0});
  process.add({1, 0});
  process.set_values(Eigen::Vector2d(1, -1));
  const double k = std::exp(-1.0), diagonal = 1.02;
  // alpha = (1, -1) / (diagonal - k); mean at the first observation: (1 - k) / (diagonal - k).
  EXPECT_NEAR(mean(process, {0, 0}), (1 - k) / (diagonal - k), 1e-12);
  EXPECT_NEAR(mean(process, {1, 0}), -(1 - k) / (diagonal - k), 1e-12);
  // {2, 0} is as far from both.
  EXPECT_NEAR(mean(process, {2, 0}), 0, 1e-12);
  EXPECT_NEAR(std::pow(deviation(process, {2, 0}), 2), 1 - 2 * k * k / (diagonal + k), 1e-12);
}

TEST(HammingGp, FindsOutWhichDecisionsMatter) {
  HammingGp process(decisions(6));
  Rng rng(4);
  std::vector<Genotype> genotypes;
  std::vector<std::size_t> all;
  Eigen::VectorXd values(120);
  const auto truth = [](const Genotype& g) { return (g[0] == 2 ? 1.2 : -0.6) + (g[3] == 1 ? 0.8 : -0.4); };
  for (int i = 0; i < 120; ++i) {
    Genotype genotype(6);
    for (int& choice : genotype) choice = static_cast<int>(rng.below(3));
    process.add(genotype);
    values[i] = truth(genotype);
    all.push_back(static_cast<std::size_t>(i));
  }
  process.set_values(values);
  double before = 0, after = 0;
  std::vector<Genotype> unseen(200, Genotype(6));
  for (Genotype& genotype : unseen)
    for (int& choice : genotype) choice = static_cast<int>(rng.below(3));
  for (const Genotype& genotype : unseen) before += std::pow(mean(process, genotype) - truth(genotype), 2);
  process.fit(all);
  for (const Genotype& genotype : unseen) after += std::pow(mean(process, genotype) - truth(genotype), 2);
  EXPECT_LT(after, 0.1 * before);
  EXPECT_LT(std::sqrt(after / 200), 0.05);
}

}  // namespace
}  // namespace Atoll
