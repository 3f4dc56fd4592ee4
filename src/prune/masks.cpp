#include <algorithm>
#include <cmath>
#include <numeric>

#include "atoll/prune.h"

namespace Atoll {
namespace {

// Marks the `count` weights of largest magnitude among those that `indices` names.
void keep_largest(std::span<const float> weights, std::span<std::int64_t> indices, std::int64_t count,
                  std::vector<std::uint8_t>& mask) {
  const auto larger = [&](std::int64_t a, std::int64_t b) {
    const float x = std::fabs(weights[static_cast<std::size_t>(a)]),
                y = std::fabs(weights[static_cast<std::size_t>(b)]);
    return x != y ? x > y : a < b;
  };
  if (count < std::ssize(indices)) std::nth_element(indices.begin(), indices.begin() + count, indices.end(), larger);
  for (const std::int64_t i : indices.first(static_cast<std::size_t>(std::min(count, std::ssize(indices)))))
    mask[static_cast<std::size_t>(i)] = 1;
}

}  // namespace

std::vector<std::uint8_t> magnitude_mask(std::span<const float> weights, double sparsity) {
  std::vector<std::uint8_t> mask(weights.size(), 0);
  std::vector<std::int64_t> indices(weights.size());
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  const double kept = std::nearbyint(static_cast<double>(weights.size()) * (1 - sparsity));
  keep_largest(weights, indices, std::max<std::int64_t>(1, static_cast<std::int64_t>(kept)), mask);
  return mask;
}

std::vector<std::uint8_t> two_of_four_mask(std::span<const float> weights, std::int64_t row) {
  std::vector<std::uint8_t> mask(weights.size(), 0);
  std::vector<std::int64_t> indices;
  for (std::int64_t begin = 0; begin < std::ssize(weights); begin += row)
    for (std::int64_t at = begin; at < begin + row; at += 4) {
      indices.resize(static_cast<std::size_t>(std::min<std::int64_t>(4, begin + row - at)));
      std::iota(indices.begin(), indices.end(), at);
      keep_largest(weights, indices, 2, mask);
    }
  return mask;
}

}  // namespace Atoll
