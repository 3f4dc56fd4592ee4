#include "compress/picture_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/model_input.h"

namespace Atoll {
namespace {

constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325ull, kFnvPrime = 0x100000001b3ull;

std::uint64_t fnv(std::uint64_t hash, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * kFnvPrime;
  return hash;
}

std::uint64_t fnv(std::uint64_t hash, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) hash = (hash ^ ((number >> (8 * i)) & 0xff)) * kFnvPrime;
  return hash;
}

std::uint64_t hash_of(const Image& image) {
  std::uint64_t hash = kFnvStart;
  for (const int number : {image.h, image.w, image.c}) hash = fnv(hash, static_cast<std::uint64_t>(number));
  return fnv(hash, image.pixels);
}

std::int64_t batch_for(const Graph& graph, std::int64_t images) {
  constexpr std::int64_t kBytes = std::int64_t{1} << 26;  // of activations: with four times as many, 8 % slower
  std::int64_t bytes = 1;
  for (const Tensor& tensor : graph.tensors)
    if (!tensor.constant) bytes += static_cast<std::int64_t>(tensor.bytes());
  const std::int64_t one = std::max<std::int64_t>(1, bytes / std::max<std::int64_t>(1, graph.input().shape[0]));
  return std::clamp<std::int64_t>(kBytes / one, 1, std::min<std::int64_t>(32, images));
}

}  // namespace

PictureBatches::PictureBatches(const Graph& graph, const Dataset& data, std::span<const std::int64_t> indices,
                               ThreadPool& pool)
    : data_(data), indices_(indices.begin(), indices.end()), pool_(pool), preprocessing_(preprocessing_of(graph)) {
  const Shape& shape = graph.input().shape;
  h_ = static_cast<int>(shape.h());
  w_ = static_cast<int>(shape.w());
  c_ = static_cast<int>(shape.c());
  batch_ = batch_for(graph, std::max<std::int64_t>(1, static_cast<std::int64_t>(indices_.size())));
  values_.assign(static_cast<std::size_t>(batch_ * h_ * w_ * c_), 0);
  hashes_.resize(indices_.size());
}

std::int64_t PictureBatches::next(Session& session) {
  const std::int64_t count = std::min<std::int64_t>(batch_, static_cast<std::int64_t>(indices_.size()) - done_);
  if (count <= 0) return 0;
  const std::size_t size = values_.size() / static_cast<std::size_t>(batch_);
  pool_.for_each(count, [&](std::int64_t n) {
    const auto at = static_cast<std::size_t>(done_ + n);
    const Image image = data_.image(indices_[at]);
    hashes_[at] = hash_of(image);
    preprocess(image, preprocessing_, h_, w_, c_, std::span(values_).subspan(static_cast<std::size_t>(n) * size, size));
  });
  session.set_input(values_);
  done_ += count;
  return count;
}

std::string PictureBatches::hash() const {
  std::uint64_t hash = kFnvStart;
  for (const std::uint64_t picture : hashes_) hash = fnv(hash, picture);
  return fmt::format("{:016x}", hash);
}

std::vector<int> labels_of(const Dataset& data, std::span<const std::int64_t> indices) {
  std::vector<int> labels;
  for (const std::int64_t index : indices) labels.push_back(data.label(index));
  return labels;
}

}  // namespace Atoll
