// SharedWeights: the constants of all networks of a space. Layers of different networks share a tensor when they
// stand at the same place, are of the same kind and have the same kernel; a narrower one uses its first channels.
// Tensors come into being, and grow, when a network needs them; their starting values are a function of the seed
// and of their place, drawn as `initialize` draws them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/oneshot.h"
#include "train/bytes.h"

namespace Atoll {

class SharedWeights {
 public:
  explicit SharedWeights(std::uint64_t seed) : seed_(seed) {}

  // Which part of which shared tensor a constant of a network is: the first elements along every dimension.
  struct Slice {
    TensorId constant = kNoTensor;
    std::size_t tensor = 0;
    Shape shape;
  };
  // Those of a network in its training form. Moving statistics are nobody's: a supernet uses the batch's own.
  std::vector<Slice> slices(const Graph& graph);

  // `to` has the slice's elements in the order of its shape.
  void read(const Slice& slice, std::span<float> to) const;
  // A step of SGD with Nesterov momentum on the slice alone (train/optimizer.h has the formula).
  void update(const Slice& slice, std::span<const float> gradient, double learning_rate, const OneShotOptions& options);

  std::size_t values() const;  // of all tensors so far

  void write(training::ByteWriter& writer) const;
  void restore(training::ByteReader& reader);

 private:
  struct Start {  // how values are drawn
    enum class Kind : std::uint8_t { kZero, kOne, kNormal, kUniform } kind = Kind::kZero;
    double size = 0;  // standard deviation, or bound
  };
  struct Shared {
    std::string key;
    Shape shape;
    Start start;
    bool decays = false;
    std::vector<float> values, moment;
  };
  std::size_t tensor(const std::string& key, const Shape& needed, const Start& start, bool decays);
  void grow(Shared& shared, const Shape& needed) const;

  std::uint64_t seed_;
  std::vector<Shared> tensors_;
  std::map<std::string, std::size_t> by_key_;
};

}  // namespace Atoll
