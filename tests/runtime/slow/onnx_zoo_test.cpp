// Every network of the zoo as ONNX: valid, computed alike by onnxruntime, and the same after reading it again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "atoll/model.h"
#include "atoll/runtime.h"
#include "atoll/zoo.h"
#include "runtime/onnx_oracle.h"

namespace Atoll {
namespace {

class OnnxZoo : public testing::TestWithParam<std::string> {};

TEST_P(OnnxZoo, IsComputedAlikeAndComesBack) {
  constexpr int kSide = 96, kClasses = 20;
  const Graph network = build_zoo_model(GetParam(), {.h = kSide, .w = kSide, .classes = kClasses});
  onnx::Oracle oracle;
  const std::map<std::string, Graph> graphs = {{"real", with_random_weights(network, 1)},
                                               {"int8", onnx::random_int8(network)}};
  for (const auto& [name, graph] : graphs) save_model(graph, oracle / (name + ".onnx"));
  if (!oracle.run()) GTEST_SKIP() << oracle.reason();
  EXPECT_EQ(oracle.failures(), "");
  for (const onnx::Case& one : oracle.cases()) {
    const Graph& graph = graphs.at(one.path.stem().string());
    const NpyArray ours = onnx::run(graph, one.inputs, one.output.shape, true);
    const Graph again = load_model(one.path);
    EXPECT_LE(onnx::count_transposes(again), onnx::count_transposes(graph));
    const auto trip = onnx::difference(onnx::run(again, one.inputs, one.output.shape, true), ours);
    const auto gap = onnx::difference(ours, one.output);
    fmt::print("{} {}: {}; after a round trip {:.2g}\n", GetParam(), one.path.stem().string(), gap.text(),
               trip.largest);
    if (ours.dtype == DType::kFloat32) {
      EXPECT_LE(gap.largest, 1e-4);
      EXPECT_LE(trip.largest, 1e-5);
    } else {
      EXPECT_EQ(trip.largest, 0);  // against onnxruntime, made-up scales say little: rounding differences grow
    }
  }
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const ZooEntry& entry : zoo_entries()) result.push_back(entry.name);
  return result;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Zoo, OnnxZoo, testing::ValuesIn(names()), test_name);

}  // namespace
}  // namespace Atoll
