#include "target/calibrated/regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "atoll/calibrate.h"
#include "atoll/target.h"
#include "atoll/zoo.h"
#include "error_of.h"
#include "target/calibrated/cross_validation.h"
#include "target/edgetpu_data.h"
#include "target/synthetic_device.h"
#include "target/target_file.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

CalibratedTarget learned(const std::vector<MeasuredModel>& models) {
  return calibrate(models, {.name = "mine", .conditions = "on paper", .kind = CalibrationKind::kRegression});
}

std::string small_file() { return learned(synthetic::measured(6, 3)).json; }

TEST(Regression, LearnsADeviceFromThirtyNetworks) {
  const auto target = read_target(learned(synthetic::measured(30, 1)).json, "mine.json");
  std::vector<double> predicted, truth;
  for (const MeasuredModel& other : synthetic::measured(60, 2)) {
    predicted.push_back(target->latency_ms(other.graph));
    truth.push_back(other.ms);
  }
  const calibrated::Scores scores = calibrated::score(predicted, truth);
  EXPECT_LT(scores.mape, 0.04);
  EXPECT_GT(scores.spearman, 0.98);
}

TEST(Regression, SaysItsErrorWithinWhatItIs) {
  // Measurements are off by 8 %, a mean absolute error of 8 % * sqrt(2 / pi) = 6.4 %, which nobody can predict.
  const CalibratedTarget result = learned(synthetic::measured(60, 5, 0.08));
  EXPECT_GT(result.mape, 0.045);
  EXPECT_LT(result.mape, 0.12);
}

TEST(Regression, ItsIntervalHoldsFourInFive) {
  const CalibratedTarget result = learned(synthetic::measured(60, 6, 0.05));
  EXPECT_GT(result.coverage80, 0.65);
  const auto target = read_target(result.json, "mine.json");
  int inside = 0;
  const auto others = synthetic::measured(100, 7, 0.05);
  for (const MeasuredModel& other : others) {
    const Prediction prediction = target->predict(other.graph);
    inside += other.ms >= prediction.low_ms && other.ms <= prediction.high_ms;
  }
  EXPECT_GE(inside, 65);  // 80 expected, with a deviation of 4, and 60 networks to learn the width from
  EXPECT_LE(inside, 95);
}

TEST(Regression, IsLessSureOfNetworksUnlikeTheMeasured) {
  const auto target = read_target(learned(synthetic::measured(20, 8)).json, "mine.json");
  const auto width = [&](const Graph& graph) {
    const Prediction prediction = target->predict(graph);
    return prediction.high_ms / prediction.low_ms;
  };
  EXPECT_GT(width(build_zoo_model("vgg16")), width(synthetic::measured(1, 9)[0].graph));
}

TEST(Regression, LayersAddUpToTheLatency) {
  const auto target = read_target(learned(synthetic::measured(12, 10)).json, "mine.json");
  const Graph graph = build_zoo_model("mobilenet-v2");
  const Prediction prediction = target->predict(graph);
  double sum = 0;
  for (const LayerPrediction& layer : prediction.layers) sum += layer.ms;
  EXPECT_NEAR(sum, prediction.latency_ms, 1e-9 * prediction.latency_ms);
  EXPECT_NEAR(target->latency_ms(graph), prediction.latency_ms, 1e-9 * prediction.latency_ms);
  EXPECT_TRUE(target->check(graph).fully_mapped());
}

TEST(Regression, TheSameMeasurementsGiveTheSameBytes) { EXPECT_EQ(small_file(), small_file()); }

// A device that is the base at a third of its speed has nothing to teach but one factor.
TEST(Regression, TakesWhatTheBaseKnows) {
  const auto base = open_target("edgetpu-usb3");
  std::vector<MeasuredModel> models = synthetic::measured(12, 11), others = synthetic::measured(40, 12);
  for (MeasuredModel& model : models) model.ms = 3 * base->latency_ms(model.graph);
  const CalibratedTarget result = learned(models);
  EXPECT_TRUE(result.uses_base);
  const auto target = read_target(result.json, "mine.json");
  double error = 0;
  for (const MeasuredModel& other : others)
    error += std::abs(target->latency_ms(other.graph) / (3 * base->latency_ms(other.graph)) - 1) / 40;
  EXPECT_LT(error, 0.05);
}

TEST(RegressionFile, IsReadBackAsItWasWritten) {
  const std::string text = small_file();
  EXPECT_EQ(target_file(*read_target(text, "mine.json")), text);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["kind"], "regression");
  EXPECT_EQ(json["calibration"]["conditions"], "on paper");
  EXPECT_EQ(json["calibration"]["rows"], 6);
  for (const char* field : {"mape", "spearman", "within10", "coverage80", "folds"})
    EXPECT_TRUE(json["calibration"][field].is_number()) << field;
}

TEST(RegressionFile, RefusesWhatItCannotBe) {
  const std::string good = small_file();
  const auto refusal = [&](const std::function<void(nlohmann::json&)>& change) {
    auto json = nlohmann::json::parse(good);
    change(json);
    return error_of([&] { read_target(json.dump(), "bad.json"); });
  };
  using J = nlohmann::json&;
  EXPECT_THAT(refusal([](J j) { j["kind"] = "neural"; }), HasSubstr("kind"));
  EXPECT_THAT(refusal([](J j) { j.erase("layers"); }), HasSubstr("'layers'"));
  EXPECT_THAT(refusal([](J j) { j["scale"] = -1; }), HasSubstr("scale is -1"));
  EXPECT_THAT(refusal([](J j) { j["scale"] = "fast"; }), HasSubstr("should be a number"));
  EXPECT_THAT(refusal([](J j) { j["spreads"]["noise"] = 0; }), HasSubstr("spreads.noise"));
  EXPECT_THAT(refusal([](J j) { j["rates"].erase("conv_macs"); }), HasSubstr("conv_macs"));
  EXPECT_THAT(refusal([](J j) { j["layers"][0][0] = "lstm"; }), HasSubstr("unknown kind 'lstm'"));
  EXPECT_THAT(refusal([](J j) { j["layers"][0][1] = 1e300; }), HasSubstr("layers[0]"));
  EXPECT_THAT(refusal([](J j) { j["layers"][0].erase(3); }), HasSubstr("layers[0]"));
  EXPECT_THAT(refusal([](J j) { j["networks"][0]["ms"] = 0; }), HasSubstr("networks[0].ms"));
  EXPECT_THAT(refusal([](J j) { j["networks"][0]["layers"][0] = 100000; }), HasSubstr("networks[0].layers"));
  EXPECT_THAT(refusal([](J j) { j["networks"][0]["layers"][0] = -1; }), HasSubstr("networks[0].layers"));
  EXPECT_THAT(refusal([](J j) { j["networks"][0]["layers"].push_back(0); }), HasSubstr("pairs"));
  EXPECT_THAT(refusal([](J j) { j["networks"] = nlohmann::json::array(); }), HasSubstr("'networks'"));
  EXPECT_THAT(error_of([&] { read_target(good.substr(0, good.size() / 2), "bad.json"); }), HasSubstr("JSON"));
  EXPECT_THAT(error_of([&] { read_target("{\"kind\":" + std::string(100000, '['), "bad.json"); }), HasSubstr("nested"));
}

TEST(RegressionFile, AFileWithinAFileIsRefusedFourDeep) {
  auto json = nlohmann::json::parse(small_file());
  json["rates"]["base_ms"] = 1.0;
  for (auto& network : json["networks"]) network["base_ms"] = 1.0;
  nlohmann::json nested = json;
  nested.erase("base");
  nested["rates"].erase("base_ms");
  for (int i = 0; i < 6; ++i) {
    nlohmann::json outer = json;
    outer["base"] = {{"unit", 1.0}, {"target", nested}};
    nested = outer;
  }
  EXPECT_THAT(error_of([&] { read_target(nested.dump(), "deep.json"); }), HasSubstr("nested"));
}

// Predictions of 1 for measurements of exp(0.1) to exp(0.9): the errors are 0.1 to 0.9. The width with which a tenth
// row would be covered by four in five is the 8th of 9. Without its own row each width is the largest of the other 8.
TEST(CrossValidation, TheIntervalIsAsWideAsRowsUnseenNeed) {
  std::vector<double> measured;
  for (int i = 1; i <= 9; ++i) measured.push_back(std::exp(0.1 * i));
  const auto result =
      calibrated::cross_validate(measured, [](std::span<const std::size_t> seen, std::span<const std::size_t> left) {
        EXPECT_EQ(seen.size(), 8u);
        return std::vector<calibrated::HeldOut>(left.size(), {1.0, 1.0});
      });
  EXPECT_EQ(result.folds, 9u);
  EXPECT_NEAR(result.width, 0.8, 1e-12);
  EXPECT_NEAR(result.coverage, 8.0 / 9, 1e-12);
}

TEST(CrossValidation, NoRowIsPredictedByAFitThatSawIt) {
  const std::vector<double> measured(137, 1.0);
  std::vector<int> times(137, 0);
  calibrated::cross_validate(measured, [&](std::span<const std::size_t> seen, std::span<const std::size_t> left) {
    for (const std::size_t i : left) {
      ++times[i];
      EXPECT_EQ(std::count(seen.begin(), seen.end(), i), 0);
    }
    EXPECT_EQ(seen.size() + left.size(), 137u);
    return std::vector<calibrated::HeldOut>(left.size(), {1.0, 1.0});
  });
  EXPECT_THAT(times, ::testing::Each(1));
}

// A real device: 100 networks of Accel-NASBench (arXiv 2404.08005) teach the order of 300 others.
TEST(Regression, OrdersNetworksOnARealAccelerator) {
  const auto folder = edgetpu_data::folder();
  const auto path = folder ? folder->parent_path() / "search/accel_nasbench.csv" : std::filesystem::path();
  if (!folder || !std::filesystem::exists(path)) GTEST_SKIP() << "no Accel-NASBench in $ATOLL_DATA/search";
  std::vector<calibrated::MeasuredWork> works;
  for (const auto& row : edgetpu_data::read_csv(path)) {
    if (works.size() == 400) break;
    if (row.at("latency_zcu102").empty()) continue;
    std::string name;
    for (int block = 0; block < 7; ++block)
      for (const char* field : {"e", "k", "l", "se"})
        name += (name.empty() ? "accel-nasbench:" : ",") + row.at("block" + std::to_string(block) + "_" + field);
    works.push_back({calibrated::workload_of(deployed(build_zoo_model(name))), std::stod(row.at("latency_zcu102"))});
  }
  const calibrated::Posterior posterior(
      calibrated::fit_regression(std::span<const calibrated::MeasuredWork>(works).first(100), false));
  std::vector<double> predicted, truth;
  for (std::size_t i = 100; i < works.size(); ++i) {
    predicted.push_back(posterior.ms(works[i].work));
    truth.push_back(works[i].ms);
  }
  EXPECT_GT(calibrated::spearman(predicted, truth), 0.98);
}

}  // namespace
}  // namespace Atoll
