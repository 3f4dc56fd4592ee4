// Networks that training and pruning are tried on.
#pragma once

#include <memory>
#include <vector>

#include "atoll/builder.h"
#include "atoll/random.h"
#include "atoll/train.h"
#include "train/drawn_pictures.h"

namespace Atoll::test {

// A fused block, a depthwise one with a shortcut: 12x12 pictures, 4 classes.
inline Graph small_network(int classes = 4) {
  GraphBuilder b("small");
  TensorId x = b.input({1, 12, 12, 1});
  const auto normalized = [&](TensorId y, const std::string& name) {
    return b.node(name + "/relu", Relu{}, {b.batch_norm(y, name + "/norm")});
  };
  x = normalized(b.conv2d(x, 8, 3, {}, "stem"), "stem");
  x = normalized(b.conv2d(x, 16, 3, {.stride = 2}, "fused"), "fused");
  TensorId y = normalized(b.depthwise(x, 3, {}, "depthwise"), "depthwise");
  y = b.batch_norm(b.conv2d(y, 16, 1, {}, "project"), "project/norm");
  x = b.node("add", Add{}, {x, y});
  x = b.node("pool", Mean{}, {x});
  return b.build({b.fully_connected(x, classes, "logits")});
}

inline std::shared_ptr<const Dataset> pictures(std::int64_t count, std::uint64_t seed) {
  return std::make_shared<DrawnPictures>(count, 12, 1, 4, seed);
}

inline TrainOptions quick_options() {
  TrainOptions options;
  options.epochs = 3;
  options.batch = 32;
  options.learning_rate = 0.1;
  options.threads = 2;
  options.seed = 3;
  return options;
}

// `small_network` that has learnt to tell the drawn pictures apart.
inline const Graph& trained_network() {
  static const Graph graph = train(small_network(), pictures(800, 1), nullptr, quick_options()).graph;
  return graph;
}

// Every float constant of its own values, statistics and biases included.
inline Graph with_drawn_values(const Graph& graph, std::uint64_t seed) {
  Rng rng(seed);
  Graph result = initialize(graph, rng);
  for (Tensor& tensor : result.tensors) {
    if (!tensor.constant) continue;
    const auto old = tensor.data.as<float>();
    std::vector<float> values(old.begin(), old.end());
    for (float& value : values) value += static_cast<float>(rng.uniform(0.02, 0.3));
    tensor.data = Data::of(values);
  }
  result.preprocessing = Preprocessing{};
  return result;
}

}  // namespace Atoll::test
