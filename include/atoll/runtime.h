// Session: runs an inference graph on this CPU. The memory plan is made once; nothing is allocated per run.
// int8 arithmetic is TFLite's own, bit for bit equal to its reference kernels, in both kernel sets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "atoll/data.h"
#include "atoll/graph.h"
#include "atoll/threads.h"

namespace Atoll {

enum class Kernels { kReference, kFast };

struct SessionOptions {
  Kernels kernels = Kernels::kFast;
  int threads = 1;
  bool keep_activations = false;  // every tensor keeps its own memory, for `activation()`
  bool profile = false;           // time every node, for `node_ms()`
};

class Session {
 public:
  // Throws Error naming the first op that Atoll cannot run, or a constant without data.
  explicit Session(const Graph& graph, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;

  const Graph& graph() const;
  std::span<std::byte> input(std::size_t i = 0);
  void run();
  std::span<const std::byte> output(std::size_t i = 0) const;
  std::span<const std::byte> activation(TensorId id) const;  // with keep_activations
  std::size_t arena_bytes() const;
  const std::vector<double>& node_ms() const;  // of the last run, by node; with profile

  // Writes float values into input i, quantizing as the input tensor asks, and reads output i as floats.
  void set_input(std::span<const float> values, std::size_t i = 0);
  std::vector<float> output_values(std::size_t i = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The deployed form of a network without weights, filled with small random ones: for timing, not for answers.
// With `int8` every tensor is made int8 with made-up scales. The same seed gives the same weights.
Graph with_random_weights(const Graph& graph, std::uint64_t seed, bool int8 = false);

struct Accuracy {
  std::int64_t images = 0;
  double top1 = 0, top5 = 0;                         // shares, 0..1
  double ci95 = 0;                                   // half width of top1's 95 % interval (Wilson)
  std::vector<std::vector<std::int64_t>> confusion;  // [label][predicted]
  std::vector<int> predictions;                      // by image
};

// Runs every image of `data` (or the first `limit` if > 0) with the model's own preprocessing; throws Error
// when the model says none, or when its classes do not fit. A model whose input is uint8 and that says none takes
// raw pixels. A model with one class more than the data set whose label 0 is a background class is understood (it
// is predicted as -1). `options.threads` runs that many batches side by side. `progress` may be empty.
Accuracy evaluate(const Graph& graph, const Dataset& data, const SessionOptions& options, std::int64_t limit = 0,
                  const std::function<void(std::int64_t done, std::int64_t total)>& progress = {});

// `data` with its classes numbered as the model numbers them, for a model that tells more classes apart: a class whose
// name is a number has that one, any other the one whose label in the model is the same, letter case apart. `data`
// itself where the model has as many classes. Throws Error naming a class that the model does not have.
std::shared_ptr<const Dataset> with_classes_of(const Graph& graph, std::shared_ptr<const Dataset> data);

struct ScoredClass {
  int index = 0;
  std::string label;
  double score = 0;
};
// The `top` classes with the highest scores, best first; logits are turned into shares by softmax.
std::vector<ScoredClass> classify(Session& session, const Image& image, int top = 5);

}  // namespace Atoll
