#include <gtest/gtest.h>

#include "atoll/builder.h"
#include "atoll/error.h"
#include "atoll/runtime.h"

namespace Atoll {
namespace {

// One grey pixel an image; its value is 10 times its label, but for image 3, which looks like class 0.
class Pixels : public Dataset {
 public:
  explicit Pixels(int classes) {
    for (int i = 0; i < classes; ++i) names_.push_back("class " + std::to_string(i));
  }
  std::int64_t size() const override { return 8; }
  int label(std::int64_t index) const override { return static_cast<int>(index) % static_cast<int>(names_.size()); }
  Image image(std::int64_t index) const override {
    return {1, 1, 1, {static_cast<std::uint8_t>(index == 3 ? 0 : 10 * label(index))}};
  }
  std::string name(std::int64_t index) const override { return "pixel " + std::to_string(index); }
  const std::vector<std::string>& classes() const override { return names_; }

 private:
  std::vector<std::string> names_;
};

// Logits -(value - 10 c)^2 up to what all classes share: 20 c value - 100 c^2; `background` classes come first.
Graph nearest(int classes, int background) {
  GraphBuilder builder("nearest");
  const TensorId x = builder.input({1, 1, 1, 1});
  std::vector<float> w, bias;
  for (int c = -background; c < classes; ++c) {
    w.push_back(c < 0 ? 0 : 20.0f * static_cast<float>(c));
    bias.push_back(c < 0 ? -1e6f : -100.0f * static_cast<float>(c * c));
  }
  const std::int64_t outputs = classes + background;
  const TensorId weights = builder.constant({outputs, 1}, "w", DType::kFloat32, Data::of(w));
  const TensorId biases = builder.constant({outputs}, "b", DType::kFloat32, Data::of(bias));
  Graph graph = builder.build({builder.node("fc", FullyConnected{}, {x, weights, biases})});
  graph.preprocessing = Preprocessing{.mean = {0}, .std = {1}};
  return graph;
}

TEST(Evaluate, CountsByHandAndGivesWilsonsInterval) {
  const Accuracy accuracy = evaluate(nearest(4, 0), Pixels(4), {.threads = 2});
  EXPECT_EQ(accuracy.images, 8);
  EXPECT_DOUBLE_EQ(accuracy.top1, 7.0 / 8);
  EXPECT_DOUBLE_EQ(accuracy.top5, 1);
  EXPECT_EQ(accuracy.confusion[3][0], 1);
  EXPECT_EQ(accuracy.confusion[3][3], 1);
  EXPECT_EQ(accuracy.predictions, (std::vector<int>{0, 1, 2, 0, 0, 1, 2, 3}));
  // Wilson's interval for 7 of 8 is (0.5291, 0.9776): half of it is 0.2243.
  EXPECT_NEAR(accuracy.ci95, 0.2243, 0.0002);
}

TEST(Evaluate, UnderstandsABackgroundClass) {
  const Accuracy accuracy = evaluate(nearest(4, 1), Pixels(4), {});
  EXPECT_DOUBLE_EQ(accuracy.top1, 7.0 / 8);
}

TEST(Evaluate, RefusesOtherClassesAndUnstatedPreprocessing) {
  EXPECT_THROW(evaluate(nearest(6, 0), Pixels(4), {}), Error);
  Graph graph = nearest(4, 0);
  graph.preprocessing.reset();
  EXPECT_THROW(evaluate(graph, Pixels(4), {}), Error);
}

// The classes of a model with more of them: by number, by label whatever its case, or refused by name.
class Named : public Pixels {
 public:
  explicit Named(std::vector<std::string> names) : Pixels(static_cast<int>(names.size())), own_(std::move(names)) {}
  const std::vector<std::string>& classes() const override { return own_; }

 private:
  std::vector<std::string> own_;
};

TEST(WithClassesOf, NumbersTheClassesAsTheModelDoes) {
  Graph graph = nearest(5, 0);
  const auto by_number = with_classes_of(graph, std::make_shared<Named>(std::vector<std::string>{"3", "0"}));
  EXPECT_EQ(by_number->classes().size(), 5u);
  EXPECT_EQ(by_number->label(0), 3);
  EXPECT_EQ(by_number->label(1), 0);
  graph.labels = {"ant", "bee", "cat", "dog", "eel"};
  const auto by_label = with_classes_of(graph, std::make_shared<Named>(std::vector<std::string>{"Dog", "bee"}));
  EXPECT_EQ(by_label->label(0), 3);
  EXPECT_EQ(by_label->label(1), 1);
  EXPECT_EQ(by_label->size(), 8);
  EXPECT_THROW(with_classes_of(graph, std::make_shared<Named>(std::vector<std::string>{"dog", "fox"})), Error);
  EXPECT_THROW(with_classes_of(graph, std::make_shared<Named>(std::vector<std::string>{"dog", "5"})), Error);
}

TEST(WithClassesOf, LeavesDataThatFitsAsItIs) {
  const auto data = std::make_shared<Pixels>(4);
  EXPECT_EQ(with_classes_of(nearest(4, 0), data), data);
  EXPECT_EQ(with_classes_of(nearest(4, 1), data), data) << "one more is a background class";
}

TEST(Evaluate, TakesOnlyTheFirstImagesWhenAsked) {
  EXPECT_DOUBLE_EQ(evaluate(nearest(4, 0), Pixels(4), {}, 3).top1, 1);
}

TEST(Classify, GivesSharesOfLogitsBestFirst) {
  Graph graph = nearest(4, 0);
  graph.labels = {"a", "b", "c", "d"};
  Session session(graph);
  const auto classes = classify(session, Image{1, 1, 1, {10}}, 2);
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].label, "b");
  EXPECT_NEAR(classes[0].score, 1, 1e-6);
}

}  // namespace
}  // namespace Atoll
