#include "search/oneshot/shared_weights.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "atoll/random.h"
#include "search/oneshot/shared_keys.h"

namespace Atoll {
namespace {

constexpr std::int64_t kMostValues = std::int64_t{1} << 31;  // of a tensor
constexpr std::uint64_t kMostTensors = 1 << 20, kMostKey = 1 << 12;

std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0;
  for (const char letter : text) hash = mix(hash, static_cast<unsigned char>(letter));
  return hash;
}

// body(place in `part` of a row's first element, place in `whole`, elements of a row, indices) for every row of the
// part: the elements that differ in the last dimension alone.
template <typename Body>
void for_rows(const Shape& part, const Shape& whole, const Body& body) {
  if (part.elements() == 0) return;
  const int last = part.rank() - 1;
  Shape at = part;
  for (int d = 0; d <= last; ++d) at[d] = 0;
  for (std::int64_t to = 0;; to += part[last]) {
    std::int64_t from = 0;
    for (int d = 0; d <= last; ++d) from = from * whole[d] + at[d];
    body(static_cast<std::size_t>(to), static_cast<std::size_t>(from), static_cast<std::size_t>(part[last]), at);
    int d = last - 1;
    for (; d >= 0 && ++at[d] == part[d]; --d) at[d] = 0;
    if (d < 0) return;
  }
}

}  // namespace

std::vector<SharedWeights::Slice> SharedWeights::slices(const Graph& graph) {
  using Kind = Start::Kind;
  std::vector<Slice> slices;
  const std::vector<std::string> keys = shared_keys(graph);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const auto share = [&](std::size_t input, const char* part, const Start& start, bool decays) {
      if (input >= node.inputs.size() || node.inputs[input] == kNoTensor) return;
      const TensorId id = node.inputs[input];
      const Shape& shape = graph.tensor(id).shape;
      slices.push_back({id, tensor(keys[n] + " " + part, shape, start, decays), shape});
    };
    if (keys[n].empty()) continue;
    if (std::holds_alternative<BatchNorm>(node.op)) {
      share(1, "gamma", {.kind = Kind::kOne}, false);
      share(2, "beta", {.kind = Kind::kZero}, false);
      continue;
    }
    const Shape& w = graph.tensor(node.inputs.at(1)).shape;
    Start start{.kind = Kind::kNormal};
    if (const auto* conv = std::get_if<Conv2D>(&node.op))
      start.size = std::sqrt(2.0 * conv->groups / static_cast<double>(w[0] * w[1] * w[2]));
    else if (const auto* depthwise = std::get_if<DepthwiseConv2D>(&node.op))
      start.size = std::sqrt(2.0 / static_cast<double>(w[1] * w[2] * depthwise->multiplier));
    else
      start = {Kind::kUniform, 1 / std::sqrt(static_cast<double>(std::max(w[0], w[1])))};
    share(1, "weights", start, true);
    share(2, "bias", {.kind = Kind::kZero}, false);
  }
  return slices;
}

std::size_t SharedWeights::tensor(const std::string& key, const Shape& needed, const Start& start, bool decays) {
  const auto [found, is_new] = by_key_.emplace(key, tensors_.size());
  if (is_new)
    tensors_.push_back({.key = key, .shape = {}, .start = start, .decays = decays, .values = {}, .moment = {}});
  Shared& shared = tensors_[found->second];
  if (!is_new && shared.shape.rank() != needed.rank())
    fail("layers that share '{}' have weights {} and {}", key, shared.shape.str(), needed.str());
  grow(shared, needed);
  return found->second;
}

void SharedWeights::grow(Shared& shared, const Shape& needed) const {
  const Shape old = shared.shape;
  Shape shape = needed;
  for (int d = 0; d < old.rank(); ++d) shape[d] = std::max(old[d], needed[d]);
  if (shape == old) return;
  if (shape.elements() > kMostValues) fail("'{}' would have {} shared values: too many", shared.key, shape.elements());
  std::vector<float> values(static_cast<std::size_t>(shape.elements())), moment(values.size(), 0.0f);
  const std::uint64_t seed = mix(seed_, hash_of(shared.key));
  for_rows(shape, shape, [&](std::size_t to, std::size_t, std::size_t count, const Shape& at) {
    std::uint64_t row = 0;
    for (int d = 0; d + 1 < shape.rank(); ++d) row = mix(row, static_cast<std::uint64_t>(at[d]));
    Rng rng(seed, row);  // one stream a row, so that a longer row begins as a shorter one did
    for (std::size_t i = 0; i < count; ++i) {
      double value = 0;
      switch (shared.start.kind) {
        case Start::Kind::kZero: break;
        case Start::Kind::kOne: value = 1; break;
        case Start::Kind::kNormal: value = shared.start.size * rng.normal(); break;
        case Start::Kind::kUniform: value = rng.uniform(-shared.start.size, shared.start.size); break;
      }
      values[to + i] = static_cast<float>(value);
    }
  });
  if (old.rank() > 0)
    for_rows(old, shape, [&](std::size_t from, std::size_t to, std::size_t count, const Shape&) {
      std::copy_n(shared.values.data() + from, count, values.data() + to);
      std::copy_n(shared.moment.data() + from, count, moment.data() + to);
    });
  shared.shape = shape;
  shared.values = std::move(values);
  shared.moment = std::move(moment);
}

void SharedWeights::read(const Slice& slice, std::span<float> to) const {
  const Shared& shared = tensors_[slice.tensor];
  for_rows(slice.shape, shared.shape, [&](std::size_t at, std::size_t from, std::size_t count, const Shape&) {
    std::copy_n(shared.values.data() + from, count, to.data() + at);
  });
}

void SharedWeights::update(const Slice& slice, std::span<const float> gradient, double learning_rate,
                           const OneShotOptions& options) {
  Shared& shared = tensors_[slice.tensor];
  const auto rate = static_cast<float>(learning_rate), momentum = static_cast<float>(options.momentum);
  const auto decay = static_cast<float>(shared.decays ? options.weight_decay : 0.0);
  for_rows(slice.shape, shared.shape, [&](std::size_t at, std::size_t to, std::size_t count, const Shape&) {
    float *w = shared.values.data() + to, *m = shared.moment.data() + to;
    const float* from = gradient.data() + at;
    for (std::size_t i = 0; i < count; ++i) {
      const float g = from[i] + decay * w[i];
      m[i] = momentum * m[i] + g;
      w[i] -= rate * (g + momentum * m[i]);
    }
  });
}

std::size_t SharedWeights::values() const {
  std::size_t sum = 0;
  for (const Shared& shared : tensors_) sum += shared.values.size();
  return sum;
}

void SharedWeights::write(training::ByteWriter& writer) const {
  writer.put(static_cast<std::uint64_t>(tensors_.size()));
  for (const Shared& shared : tensors_) {
    writer.put_array(std::span<const char>(shared.key));
    writer.put_array(std::span<const std::int64_t>(shared.shape.begin(), shared.shape.end()));
    writer.put(static_cast<std::uint8_t>(shared.start.kind));
    writer.put(shared.start.size);
    writer.put(shared.decays);
    writer.put_array(std::span<const float>(shared.values));
    writer.put_array(std::span<const float>(shared.moment));
  }
}

void SharedWeights::restore(training::ByteReader& reader) {
  const auto count = reader.get<std::uint64_t>();
  if (count > kMostTensors) fail("it announces {} shared tensors", count);
  std::vector<Shared> tensors;
  std::map<std::string, std::size_t> by_key;
  for (std::uint64_t i = 0; i < count; ++i) {
    Shared shared;
    const std::vector<char> key = reader.get_vector<char>(kMostKey);
    shared.key.assign(key.begin(), key.end());
    for (const std::int64_t dim : reader.get_vector<std::int64_t>(Shape::kMaxRank)) {
      if (dim < 1 || dim > kMostValues) fail("'{}' has a dimension of {}", shared.key, dim);
      shared.shape.push_back(dim);
      if (shared.shape.elements() > kMostValues) fail("'{}' is too large: {}", shared.key, shared.shape.str());
    }
    const auto kind = reader.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(Start::Kind::kUniform)) fail("'{}' starts in an unknown way", shared.key);
    shared.start = {static_cast<Start::Kind>(kind), reader.get<double>()};
    shared.decays = reader.get<std::uint8_t>() != 0;
    const auto elements = static_cast<std::uint64_t>(shared.shape.elements());
    shared.values = reader.get_vector<float>(elements);
    shared.moment = reader.get_vector<float>(elements);
    if (shared.shape.rank() == 0 || shared.values.size() != elements || shared.moment.size() != elements)
      fail("'{}' has {} values, but its shape is {}", shared.key, shared.values.size(), shared.shape.str());
    if (!by_key.emplace(shared.key, tensors.size()).second) fail("'{}' is there twice", shared.key);
    tensors.push_back(std::move(shared));
  }
  tensors_ = std::move(tensors);
  by_key_ = std::move(by_key);
}

}  // namespace Atoll
