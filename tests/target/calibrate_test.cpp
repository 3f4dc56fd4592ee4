#include "atoll/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "atoll/model.h"
#include "atoll/target.h"
#include "base/file.h"
#include "error_of.h"
#include "target/calibrated/fit_chip.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/chip_fields.h"
#include "target/synthetic_device.h"
#include "target/target_file.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

std::vector<MeasuredModel> table(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "mine.csv", text);
  return read_measurements(folder / "mine.csv");
}
std::string refusal(const std::string& text) {
  return error_of([&] { table(text); });
}

TEST(Measurements, AreReadByColumnName) {
  const auto models =
      table("device,ms,model\nzcu102,1.5,squeezenet-1.0\nzcu102,\"2.5\",\"mobilenet-v1:width=0.25\"\r\n\n");
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].name, "squeezenet-1.0");
  EXPECT_EQ(models[0].ms, 1.5);
  EXPECT_EQ(models[1].name, "mobilenet-v1:width=0.25");
  EXPECT_EQ(models[1].ms, 2.5);
}

TEST(Measurements, AModelMayHaveCommasInItsName) {
  const std::string row = "accel-nasbench:6,3,1,0,4,5,2,0,6,3,3,0,6,5,3,0,6,5,2,0,1,3,2,0,1,3,2,0";
  const auto models = table("model,ms\n" + row + ",5.02\n\"" + row + "\",5.02\n");
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].name, row);
  EXPECT_EQ(models[1].name, row);
  EXPECT_EQ(models[0].ms, 5.02);
}

TEST(Measurements, MayBeOfSingleLayers) {
  const auto models =
      table("op,h,w,in,out,kernel,stride,ms\nconv,56,28,16,32,3,2,0.4\ndense,,,1024,1000,,,0.2\nadd,8,8,4,,,,0.1\n");
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(cost_of(models[0].graph).macs, 28 * 14 * 32 * 16 * 9);
  EXPECT_EQ(cost_of(models[1].graph).macs, 1024 * 1000);
  EXPECT_EQ(models[2].graph.inputs.size(), 2u);
}

TEST(Measurements, AFileIsFoundBesideTheTable) {
  const TemporaryFolder folder;
  save_model(probe_models()[0], folder / "a.tflite");
  write_file(folder / "mine.csv", "model,ms\na.tflite,1\n");
  EXPECT_EQ(read_measurements(folder / "mine.csv").size(), 1u);
}

TEST(Measurements, RefusesWhatCannotBeRead) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("model,latency\nvgg16,1\n"), HasSubstr("no column 'ms'"));
  EXPECT_THAT(refusal("ms\n1\n"), HasSubstr("neither a column 'model' nor a column 'op'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,fast\n"), HasSubstr("line 2: ms is 'fast'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,\n"), HasSubstr("line 2: ms is ''"));
  EXPECT_THAT(refusal("model,ms\nvgg16,0\n"), HasSubstr("ms is '0'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,-3\n"), HasSubstr("ms is '-3'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,nan\n"), HasSubstr("ms is 'nan'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,1e400\n"), HasSubstr("ms is '1e400'"));
  EXPECT_THAT(refusal("model,ms\nvgg16,1\n\nvgg61,2\n"), HasSubstr("line 4: 'vgg61' is not in the zoo"));
  EXPECT_THAT(refusal("model,ms\n,2\n"), HasSubstr("names no model"));
  EXPECT_THAT(refusal("model,ms\n\"vgg16,2\n"), HasSubstr("quote is not closed"));
  EXPECT_THAT(refusal("id,model,ms\n1,a,b,2\n"), HasSubstr("4 cells"));
  EXPECT_THAT(refusal("op,h,in,out,ms\nconv,0,3,8,1\n"), HasSubstr("h is '0'"));
  EXPECT_THAT(refusal("op,h,in,out,ms\nlstm,8,3,8,1\n"), HasSubstr("'lstm' is none of"));
}

TEST(Calibrate, RefusesTooFewRowsAndABaseThatIsNone) {
  const auto few = synthetic::measured(2, 1);
  EXPECT_THAT(error_of([&] { calibrate(few); }), HasSubstr("at least 3 networks, but there are 2"));
  EXPECT_THAT(error_of([&] { calibrate(synthetic::measured(4, 1), {.kind = CalibrationKind::kRegression}); }),
              HasSubstr("at least 5 networks, but there are 4"));
  EXPECT_THAT(error_of([&] { calibrate(few, {.base = "edgetpu-usb4"}); }), HasSubstr("'edgetpu-usb4' is not known"));
  EXPECT_THAT(error_of([&] { calibrate(few, {.base = "nowhere.json"}); }), HasSubstr("nowhere.json"));
  EXPECT_THAT(error_of([&] { calibrate(few, {.base = "cpu"}); }), HasSubstr("'cpu' measures"));
}

TEST(Calibrate, RefusesOneModelWithTimesThatContradict) {
  auto models = synthetic::measured(6, 2);
  models.push_back(models[0]);
  models.back().ms *= 5;
  EXPECT_THAT(error_of([&] { calibrate(models); }), HasSubstr("'net0' was measured 2 times"));
  models.back().ms = models[0].ms * 1.5;
  const CalibratedTarget result = calibrate(models, {.kind = CalibrationKind::kRegression});
  EXPECT_EQ(result.rows, 6u);
  EXPECT_THAT(result.notes, ::testing::Contains(HasSubstr("their mean is used")));
}

TEST(Calibrate, ChoosesTheKindThatErrsLess) {
  // Nothing in an Edge TPU makes an addition cost as much as this device's.
  EXPECT_EQ(calibrate(synthetic::measured(20, 4)).kind, CalibrationKind::kRegression);
}

TEST(Calibrate, KnowsAnEdgeTpuOfOtherSpeedAgain) {
  edgetpu::Chip other = edgetpu::known_chips().front();
  other.link.fixed_ms *= 1.5;
  other.compute.clock_mhz *= 0.7;
  std::vector<MeasuredModel> models;
  for (const Graph& graph : probe_models())
    models.push_back({graph.name, graph, edgetpu::analyse(other, deployed(graph)).total_ms});
  models.resize(12);
  const CalibratedTarget result = calibrate(models);
  EXPECT_EQ(result.kind, CalibrationKind::kEdgeTpu);
  EXPECT_LT(result.mape, 0.02);
  EXPECT_EQ(nlohmann::json::parse(result.json)["kind"], "edgetpu");
  EXPECT_NEAR(nlohmann::json::parse(result.json)["compute"]["clock_mhz"].get<double>(), other.compute.clock_mhz, 5);
}

TEST(Calibrate, ReadsItsOwnTargetAsABase) {
  const TemporaryFolder folder;
  const auto first = calibrate(synthetic::measured(20, 4), {.kind = CalibrationKind::kRegression});
  write_file(folder / "first.json", first.json);
  auto models = synthetic::measured(6, 5);
  for (MeasuredModel& model : models) model.ms *= 2;  // the same device at half its speed
  const auto second = calibrate(models, {.base = (folder / "first.json").string()});
  const auto target = read_target(second.json, "second.json");
  double error = 0;
  for (const MeasuredModel& other : synthetic::measured(20, 6))
    error += std::abs(target->latency_ms(other.graph) / (2 * other.ms) - 1) / 20;
  EXPECT_LT(error, 0.06);
}

// Another chip in the same model, its parameters known; its times for the probe networks give them back.
TEST(Probe, TellsTheChipsParametersApart) {
  const edgetpu::Chip base = edgetpu::known_chips().front();
  const std::map<std::string, double> changes = {{"link.fixed_ms", 1.6},
                                                 {"link.parameters_mb_per_s", 0.6},
                                                 {"compute.clock_mhz", 0.8},
                                                 {"link.input_mb_per_s", 0.7},
                                                 {"link.output_mb_per_s", 1.5}};
  edgetpu::Chip other = base;
  std::vector<std::string> fields;
  for (const auto& [field, factor] : changes) {
    edgetpu::set_field(other, field, factor * edgetpu::get_field(base, field));
    fields.push_back(field);
  }
  std::vector<calibrated::Sample> samples;
  for (const Graph& graph : probe_models()) {
    const Deployed network = deployed(graph);
    samples.push_back({network, edgetpu::analyse(other, network).total_ms, graph.name, ""});
  }
  const edgetpu::Chip found = calibrated::fit_chip(base, samples, fields);
  for (const std::string& field : fields)
    EXPECT_NEAR(edgetpu::get_field(found, field) / edgetpu::get_field(other, field), 1, 0.03) << field;
}

TEST(Probe, WritesModelsATableAndHowToMeasure) {
  const TemporaryFolder folder;
  const auto files = write_probe(folder.path(), {.float_too = true});
  EXPECT_EQ(files.size(), 2 * probe_models().size());
  for (const auto& file : files) {
    const std::string scheme = scheme_of(load_model(file.string()));
    EXPECT_EQ(scheme, file.stem().string().ends_with("_float") ? "float32" : "int8") << file;
  }
  const std::string csv = read_text(folder / "measurements.csv");
  EXPECT_THAT(csv, ::testing::StartsWith("model,ms\n"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), static_cast<std::ptrdiff_t>(files.size()) + 1);
  EXPECT_THAT(read_text(folder / "README.md"), HasSubstr("atoll calibrate"));
  EXPECT_THAT(error_of([&] { read_measurements(folder / "measurements.csv"); }), HasSubstr("line 2: ms is ''"));
}

TEST(CpuTarget, MeasuresEveryLayer) {
  const Graph graph = synthetic::measured(1, 3)[0].graph;
  for (const char* name : {"cpu", "cpu-float"}) {
    const auto target = open_target(name);
    const Prediction prediction = target->predict(graph);
    EXPECT_THAT(target->description(), HasSubstr("measured"));
    EXPECT_GT(prediction.low_ms, 0);
    EXPECT_LE(prediction.low_ms, prediction.latency_ms);
    EXPECT_GE(prediction.high_ms, prediction.latency_ms);
    double sum = 0;
    for (const LayerPrediction& layer : prediction.layers) sum += layer.ms;
    EXPECT_NEAR(sum, prediction.latency_ms, 1e-9);
    EXPECT_EQ(prediction.layers.size(), deployed(graph).graph.nodes.size());
    EXPECT_GT(target->latency_ms(graph), 0);
    EXPECT_TRUE(target->check(graph).fully_mapped());
  }
}

TEST(CpuTarget, IsListedAndIsNoFile) {
  EXPECT_THAT(target_names(), ::testing::IsSupersetOf({"cpu", "cpu-float", "edgetpu-usb3"}));
  EXPECT_THAT(error_of([] { target_file(*open_target("cpu")); }), HasSubstr("measures"));
  EXPECT_THAT(error_of([] { what_if("cpu", "clock=1GHz"); }), HasSubstr("'cpu' is none"));
}

}  // namespace
}  // namespace Atoll
