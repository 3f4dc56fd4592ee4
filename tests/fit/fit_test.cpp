#include "atoll/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/target.h"
#include "base/file.h"
#include "base/log.h"
#include "error_of.h"
#include "fit/plan.h"
#include "pictures.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Fit : public testing::Test {
 protected:
  void SetUp() override {
    set_verbosity(Verbosity::kQuiet);
    folder_ = fs::path(testing::TempDir()) / ("atoll_fit_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    data_ = fixture::write_bars(folder_ / "bars");
  }
  void TearDown() override { fs::remove_all(folder_); }

  FitOptions options(const std::string& output) const {
    FitOptions o;
    o.data = data_;
    o.latency_ms = 1.0;
    o.minutes = 0.1;
    o.flip = false;
    o.threads = 2;
    o.output = folder_ / output;
    return o;
  }

  // A finished run's plan made small, so that repeating it takes seconds.
  fs::path small_plan(const fs::path& result) const {
    nlohmann::json json = nlohmann::json::parse(read_text(result));
    json["plan"]["candidates"] = 60;
    json["plan"]["trained"] = 3;
    json["plan"]["proxy_images"] = 256;
    json["plan"]["proxy_epochs"] = 1;
    json["plan"]["final_epochs"] = 2;
    const fs::path path = folder_ / "plan.json";
    write_file(path, json.dump());
    return path;
  }

  fs::path folder_;
  std::string data_;
};

std::string refusal_of(const FitOptions& options) {
  return error_of([&] { fit(options); });
}

TEST_F(Fit, FindsTrainsAndShipsAMappedModelWithinTheBudget) {
  const FitResult r = fit(options("out"));
  EXPECT_TRUE(r.mapped);
  EXPECT_LE(r.latency_ms, 1.0);
  EXPECT_GE(r.candidates, 50);
  EXPECT_GE(r.trained, 8);
  EXPECT_GT(r.top1_int8, 0.8) << "bars are easy";
  const Graph model = load_model(r.model_int8.string());
  EXPECT_EQ(scheme_of(model), "int8");
  EXPECT_EQ(model.labels.size(), 3u);
  EXPECT_TRUE(model.preprocessing.has_value());
  EXPECT_TRUE(open_target("edgetpu-usb3")->check(model).fully_mapped());
  EXPECT_EQ(scheme_of(load_model(r.model_float.string())), "float32");
  EXPECT_THAT(read_text(r.report), HasSubstr("Pareto front"));
}

TEST_F(Fit, APlanIsRepeatedByteForByte) {
  FitOptions repeat;
  repeat.plan = small_plan(fit(options("first")).result);
  for (const char* name : {"a", "b"}) {
    repeat.output = folder_ / name;
    fit(repeat);
  }
  for (const char* file : {"model_int8.tflite", "model_float.tflite", "report.html", "result.json"})
    EXPECT_EQ(read_text(folder_ / "a" / file), read_text(folder_ / "b" / file)) << file;
}

TEST_F(Fit, ARunKilledAtAnyMomentGoesOnToTheSameResult) {
  FitOptions whole;
  whole.plan = small_plan(fit(options("first")).result);
  whole.output = folder_ / "whole";
  fit(whole);
  FitOptions broken = whole;
  broken.output = folder_ / "broken";
  for (const int ms : {150, 700, 1500}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/proc/self/exe", "fit_test", "--gtest_filter=FitChild.Run", broken.plan.c_str(), broken.output.c_str(),
              nullptr);
      ::_exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    broken.resume = true;
  }
  fit(broken);
  for (const char* file : {"model_int8.tflite", "model_float.tflite", "report.html", "result.json"})
    EXPECT_EQ(read_text(folder_ / "whole" / file), read_text(folder_ / "broken" / file)) << file;
}

TEST_F(Fit, ABudgetThatNothingMeetsIsRefusedWithTheFastestFound) {
  FitOptions o = options("out");
  o.latency_ms = 0.001;
  EXPECT_THAT(refusal_of(o), AllOf(HasSubstr("0.001"), HasSubstr("fastest")));
  EXPECT_FALSE(fs::exists(o.output / "result.json"));
}

TEST_F(Fit, BadInputIsRefusedWithItsName) {
  FitOptions o = options("out");
  o.data = "idx:/no/such/folder";
  EXPECT_THAT(refusal_of(o), HasSubstr("/no/such/folder"));
  o = options("out");
  o.output = "/proc/atoll";
  EXPECT_THAT(refusal_of(o), HasSubstr("/proc/atoll"));
  o = options("out");
  o.target = "edgetpu-usb4";
  EXPECT_THAT(refusal_of(o), HasSubstr("edgetpu-usb3"));
  o = options("out");
  o.plan = folder_ / "broken.json";
  write_file(o.plan, std::string_view("{\"format\": \"atoll-fit\", \"version\": 1, \"settings\": {}}"));
  EXPECT_THAT(refusal_of(o), AllOf(HasSubstr("broken.json"), HasSubstr("\"data\" is missing")));
}

TEST(Plan, SpeedIsInterpolatedBetweenTheTwoMeasurements) {
  FitPlan plan;
  plan.small_work = 1000;
  plan.small_images_per_s = 100;  // 10 ms
  plan.large_work = 3000;
  plan.large_images_per_s = 50;  // 20 ms
  EXPECT_NEAR(seconds_per_image(plan, 2000), 0.015, 1e-12);
  EXPECT_EQ(epochs_within(plan, 2000, 1000, 60.0), 4);
  EXPECT_EQ(epochs_within(plan, 2000, 1000, 1.0), 1) << "never less than one";
}

TEST(Plan, OfEquallyAccurateNetworksTheLargestIsChosen) {
  const auto trial = [](double accuracy, std::int64_t macs, TrialStatus status = TrialStatus::kDone) {
    Trial t;
    t.status = status;
    t.scores.accuracy = accuracy;
    t.macs = macs;
    return t;
  };
  // One standard error of 90 % on 900 images is sqrt(0.9 * 0.1 / 900) = 1 point.
  const std::vector<Trial> trials = {trial(0.90, 10), trial(0.895, 20), trial(0.885, 40),
                                     trial(0.95, 80, TrialStatus::kFailed)};
  EXPECT_EQ(choose(trials, 900), 1u);
  EXPECT_EQ(choose(trials, 90000), 0u) << "with more images the difference is real";
}

}  // namespace
}  // namespace Atoll
