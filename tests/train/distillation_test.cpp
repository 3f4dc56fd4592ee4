// The distillation loss: a value by hand, its gradient by finite differences, and a teacher that helps.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "atoll/random.h"
#include "error_of.h"
#include "train/loss.h"
#include "train/networks.h"

namespace Atoll {
namespace {

using training::Distillation;
using training::Loss;

double distilled(const Distillation& how, const std::vector<float>& logits, const std::vector<float>& teacher,
                 double plain, std::vector<float>* gradient = nullptr) {
  Loss loss{.sum = plain};
  std::vector<float> unused(logits.size(), 0.0f);
  training::add_distillation(how, 1, 1, std::ssize(logits), logits.data(), teacher.data(), loss,
                             (gradient ? *gradient : unused).data());
  return loss.sum;
}

TEST(Distillation, IsTheFormulaByHand) {
  // Teacher's shares at T = 2: 3/4 and 1/4; the pupil's: 1/2 each. KL = 0.75 ln(1.5) + 0.25 ln(0.5).
  const float apart = static_cast<float>(2 * std::log(3.0));
  const double divergence = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  EXPECT_NEAR(distilled({0.5, 2}, {1, 1}, {apart, 0}, 3), 0.5 * 3 + 0.5 * 4 * divergence, 1e-6);
  EXPECT_NEAR(distilled({0.25, 2}, {1, 0}, {3, 2}, 3), 0.75 * 3, 1e-6);  // the same shares: no divergence
}

TEST(Distillation, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  for (int draw = 0; draw < 50; ++draw) {
    const Distillation how{rng.uniform(0, 1), rng.uniform(0.5, 6)};
    std::vector<float> logits(5), teacher(5), gradient(5, 0.0f);
    for (std::size_t k = 0; k < 5; ++k) {
      logits[k] = static_cast<float>(2 * rng.normal());
      teacher[k] = static_cast<float>(2 * rng.normal());
    }
    distilled(how, logits, teacher, 0, &gradient);
    for (std::size_t k = 0; k < 5; ++k) {
      auto above = logits, below = logits;
      above[k] += 1e-3f;
      below[k] -= 1e-3f;
      const double slope = (distilled(how, above, teacher, 0) - distilled(how, below, teacher, 0)) /
                           (static_cast<double>(above[k]) - static_cast<double>(below[k]));
      EXPECT_NEAR(gradient[k], slope, 2e-4 + 1e-3 * std::abs(slope));
    }
  }
}

// All of the loss from the teacher, and labels that tell nothing: the pupil learns all the same.
class Mislabelled final : public Dataset {
 public:
  explicit Mislabelled(std::shared_ptr<const Dataset> data) : data_(std::move(data)) {}
  std::int64_t size() const override { return data_->size(); }
  int label(std::int64_t index) const override { return static_cast<int>(index / 7 % 4); }
  Image image(std::int64_t index) const override { return data_->image(index); }
  std::string name(std::int64_t index) const override { return data_->name(index); }
  const std::vector<std::string>& classes() const override { return data_->classes(); }

 private:
  std::shared_ptr<const Dataset> data_;
};

TEST(Distillation, ATeacherIsEnough) {
  TrainOptions options = test::quick_options();
  options.epochs = 4;
  options.distill_weight = 1;
  const Graph& teacher = test::trained_network();
  const TrainResult result = train(test::small_network(), std::make_shared<Mislabelled>(test::pictures(800, 4)),
                                   test::pictures(200, 2), options, {.teacher = &teacher});
  EXPECT_GT(result.top1, 0.9);
}

TEST(Distillation, NamesWhatDoesNotFit) {
  TrainOptions options = test::quick_options();
  options.distill_weight = 0.5;
  const auto text = [&](const Graph* teacher) {
    return error_of(
        [&] { train(test::small_network(), test::pictures(64, 1), nullptr, options, {.teacher = teacher}); });
  };
  EXPECT_NE(text(nullptr).find("teacher"), std::string::npos);
  Rng rng(1);
  const Graph other = initialize(test::small_network(7), rng);
  EXPECT_NE(text(&other).find("7 classes"), std::string::npos);
  options.distill_weight = 1.5;
  EXPECT_NE(text(nullptr).find("1.5"), std::string::npos);
}

}  // namespace
}  // namespace Atoll
