// A checkpoint that TensorFlow wrote gives the answers that TensorFlow gives, where a Python with it is at hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "atoll/runtime.h"
#include "atoll/tensorflow.h"
#include "atoll/zoo.h"
#include "runtime/npy.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

std::vector<float> values_of(const std::filesystem::path& file) {
  const NpyArray array = read_npy(file);
  const Data data(array.bytes);
  const auto values = data.as<float>();
  return {values.begin(), values.end()};
}

class TensorflowWeights : public testing::TestWithParam<const char*> {};

TEST_P(TensorflowWeights, GiveTensorFlowsLogits) {
  const char* python = std::getenv("ATOLL_TENSORFLOW_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "ATOLL_TENSORFLOW_PYTHON names no Python with the package tensorflow";
  const TemporaryFolder folder;
  const std::string command = fmt::format("{} {}/tests/runtime/tensorflow_network.py {} {} 2>&1", python,
                                          ATOLL_SOURCE_DIR, GetParam(), folder.str());
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Graph network = build_zoo_model(GetParam(), {.classes = 1001});
  Session session(to_inference(load_tensorflow_weights(network, folder / "model.ckpt")), {.threads = 2});
  session.set_input(values_of(folder / "input.npy"));
  session.run();
  const std::vector<float> ours = session.output_values(), theirs = values_of(folder / "output.npy");
  ASSERT_EQ(ours.size(), theirs.size());
  float largest = 0;
  for (const float value : theirs) largest = std::max(largest, std::abs(value));
  EXPECT_GT(largest, 1.0f);
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 1e-4f) << i;
}

INSTANTIATE_TEST_SUITE_P(Networks, TensorflowWeights,
                         testing::Values("efficientnet-edgetpu-s-2019", "mnasnet-small", "mobilenet-v3-small",
                                         "mobilenet-edgetpu"));

}  // namespace
}  // namespace Atoll
