// A checkpoint that TensorFlow wrote gives the answers that TensorFlow gives, where a Python with it is at hand.
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

TEST(TensorflowWeights, GiveTensorFlowsLogitsOfEfficientNetEdgeTpuS) {
  const char* python = std::getenv("ATOLL_TENSORFLOW_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "ATOLL_TENSORFLOW_PYTHON names no Python with the package tensorflow";
  const TemporaryFolder folder;
  const std::string command =
      std::string(python) + " " ATOLL_SOURCE_DIR "/tests/runtime/tensorflow_network.py " + folder.str() + " 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Graph network = build_zoo_model("efficientnet-edgetpu-s-2019");
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

}  // namespace
}  // namespace Atoll
