// GemmWeights: a matrix [outputs, depth] of signed bytes, packed in blocks of 64 outputs as [quads][64][4].
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/fast/int8/packed.h"

namespace Atoll::int8 {

class GemmWeights {
 public:
  GemmWeights(const Tensor& weights, std::int64_t first_output, std::int64_t outputs, std::int64_t depth)
      : quads_((depth + kQuad - 1) / kQuad),
        bytes_(static_cast<std::size_t>(round_up(outputs, kBlock) * quads_ * kQuad)) {
    const std::uint32_t flip = weight_flip(weights) * 0x01010101u;
    for (std::int64_t o = 0; o < outputs; ++o) {
      const std::byte* from = weights.data.bytes().data() + (first_output + o) * depth;
      auto* to = bytes_.as<std::byte>() + (o / kBlock * quads_ * kBlock + o % kBlock) * kQuad;
      for (std::int64_t k = 0; k < depth; k += kQuad, to += kBlock * kQuad) {
        const auto own = static_cast<std::size_t>(std::min<std::int64_t>(kQuad, depth - k));
        std::uint32_t quad = flip;  // what is not there becomes 0
        std::memcpy(&quad, from + k, own);
        quad ^= flip;
        std::memcpy(to, &quad, kQuad);
      }
    }
  }
  std::int64_t quads() const { return quads_; }
  const std::int8_t* block(std::int64_t i) const { return bytes_.as<std::int8_t>() + i * quads_ * kBlock * kQuad; }

 private:
  std::int64_t quads_;
  AlignedBytes bytes_;
};

// By output: the sum over k of (signed weight - zero), for taking zero points back.
inline std::vector<std::int64_t> weight_sums(const Tensor& weights, std::int64_t outputs, std::int64_t depth) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(outputs), 0);
  const std::int64_t zero = weight_zero(weights);
  const auto flip = static_cast<std::uint8_t>(weight_flip(weights));
  const auto* from = reinterpret_cast<const std::uint8_t*>(weights.data.bytes().data());
  for (std::int64_t& sum : sums) {
    for (std::int64_t k = 0; k < depth; ++k) sum += static_cast<std::int8_t>(from[k] ^ flip);
    sum -= zero * depth;
    from += depth;
  }
  return sums;
}

}  // namespace Atoll::int8
