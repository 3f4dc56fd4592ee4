#include "atoll/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "atoll/error.h"
#include "atoll/weights.h"
#include "base/file.h"
#include "format/networks.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ModelFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / fmt::format("atoll_{}_{}", test->name(), ::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

TEST_F(ModelFiles, AreChosenByTheirExtension) {
  const Graph graph = format_test::classifier();
  save_model(graph, path("net.tflite"));
  save_model(graph, path("net.json"));
  EXPECT_EQ(format_test::fingerprint(load_model(path("net.tflite"))), format_test::fingerprint(graph));
  EXPECT_EQ(cost_of(load_model(path("net.json"))).params, cost_of(graph).params);
  EXPECT_EQ(load_model(path("net.tflite")).name, "net");
  EXPECT_THAT(error_of([&] { save_model(graph, path("net.pb")); }),
              HasSubstr("should end in .tflite, .onnx, .json or .safetensors"));
}

TEST_F(ModelFiles, ThatDoNotExistAreNamed) {
  EXPECT_THAT(error_of([&] { load_model(path("none.tflite")); }),
              AllOf(HasSubstr("none.tflite"), HasSubstr("No such")));
  write_file(path("weights.bin"), "text");
  EXPECT_THAT(error_of([&] { load_model(path("weights.bin")); }), HasSubstr("should end in .tflite, .onnx or .json"));
}

TEST_F(ModelFiles, KeepTheirResolution) {
  save_model(format_test::classifier(), path("net.tflite"));
  EXPECT_THAT(error_of([&] { load_model(path("net.tflite"), {.h = 32, .w = 32}); }), HasSubstr("only a zoo name"));
}

TEST_F(ModelFiles, AreNotLeftHalfWritten) {
  Graph graph = format_test::classifier();
  graph.tensor(graph.nodes[0].inputs[1]).data = {};
  EXPECT_NE(error_of([&] { save_model(graph, path("net.tflite")); }), "no error");
  EXPECT_FALSE(fs::exists(path("net.tflite")));
}

TEST_F(ModelFiles, GetWeightsOfTheirOwnAndAreFoldedForDeployment) {
  Graph trained = build_zoo_model("efficientnet-edgetpu-s", {.h = 32, .w = 32, .classes = 4});
  format_test::fill_constants(trained, 3);
  save_model(trained, path("weights.safetensors"));
  const Graph loaded =
      load_weights(load_model("efficientnet-edgetpu-s", {.h = 32, .w = 32, .classes = 4}), path("weights.safetensors"));
  EXPECT_EQ(format_test::fingerprint(loaded), format_test::fingerprint(trained));
  save_model(loaded, path("deployed.tflite"));
  const Graph deployed = load_model(path("deployed.tflite"));
  EXPECT_EQ(cost_of(deployed).macs, cost_of(trained).macs);
  for (const Node& node : deployed.nodes) EXPECT_FALSE(std::holds_alternative<BatchNorm>(node.op));
}

TEST(ZooNames, AreModelsToo) {
  EXPECT_EQ(load_model("efficientnet-edgetpu-s", {.h = 64, .w = 96, .classes = 10}).input().shape,
            (Shape{1, 64, 96, 3}));
  EXPECT_THAT(error_of([] { load_model("efficientnet-edgetpu-z"); }), HasSubstr("efficientnet-edgetpu-s"));
}

TEST(Summary, TellsHowAModelIsQuantized) {
  const ModelSummary int8 = summary_of(format_test::quantized_classifier(DType::kInt8));
  EXPECT_EQ(int8.scheme, "int8");
  EXPECT_EQ(int8.quantization, "int8 activations, int8 per channel and int8 per tensor weights, int32 biases");
  EXPECT_EQ(int8.layers[0].details, "3x3 stride 2 same relu6");
  EXPECT_TRUE(int8.layers[0].integer);
  // 8 filters of 3x3x3 and 8 biases; 5x5 outputs for an input of 9x9.
  EXPECT_EQ(int8.layers[0].params, 8 * 27 + 8);
  EXPECT_EQ(int8.layers[0].macs, 5 * 5 * 8 * 27);
  EXPECT_EQ(summary_of(format_test::classifier()).quantization, "");
  EXPECT_FALSE(summary_of(format_test::dynamic_classifier()).layers[0].integer);
}

}  // namespace
}  // namespace Atoll
