#include <gtest/gtest.h>

#include "atoll/builder.h"
#include "atoll/error.h"
#include "atoll/runtime.h"

namespace Atoll {
namespace {

Data floats(std::vector<float> values) { return Data::of(values); }

TEST(Session, ComputesAConvolutionByHand) {
  GraphBuilder builder("by hand");
  const TensorId x = builder.input({1, 2, 2, 1});
  const TensorId w = builder.constant({1, 2, 2, 1}, "w", DType::kFloat32, floats({1, 2, 3, 4}));
  const TensorId bias = builder.constant({1}, "b", DType::kFloat32, floats({0.5f}));
  const TensorId y = builder.node("conv", Conv2D{.padding = Padding::same()}, {x, w, bias});
  const Graph graph = builder.build({y});
  Session session(graph, {.kernels = Kernels::kReference});
  session.set_input(std::vector<float>{1, 2, 3, 4});
  session.run();
  // SAME pads below and to the right: e.g. the first output is 1*1 + 2*2 + 3*3 + 4*4 + 0.5.
  EXPECT_EQ(session.output_values(), (std::vector<float>{30.5f, 14.5f, 11.5f, 4.5f}));
}

// A step of these logits is a factor of e^40: what is not the largest gets nothing.
TEST(Session, GivesAllToTheLargestOfLogitsWithAWideScale) {
  GraphBuilder builder("wide");
  const TensorId x = builder.input({1, 3}, "x", DType::kInt8);
  const TensorId y = builder.node("softmax", Softmax{}, {x});
  Graph graph = builder.build({y});
  graph.tensor(x).quantization = {{40.0f}, {0}, 0};
  graph.tensor(y).dtype = DType::kInt8;
  graph.tensor(y).quantization = {{1.0f / 256}, {-128}, 0};
  Session session(graph);
  session.set_input(std::vector<float>{-40, 120, 80});
  session.run();
  EXPECT_EQ(session.output_values(), (std::vector<float>{0, 255.0f / 256, 0}));
}

TEST(Session, RefusesANetworkWithoutWeights) {
  GraphBuilder builder("empty");
  const TensorId x = builder.input({1, 4});
  const Graph graph = builder.build({builder.fully_connected(x, 2, "fc")});
  EXPECT_THROW(Session{graph}, Error);
}

}  // namespace
}  // namespace Atoll
