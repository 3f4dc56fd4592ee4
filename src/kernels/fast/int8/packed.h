// What 8-bit kernels prepare once: packed weights and, by channel, the way from accumulator to output.
#pragma once

#include <memory>
#include <new>
#include <span>
#include <vector>

#include "kernels/fast/int8/isa.h"
#include "kernels/quantized.h"

namespace Atoll::int8 {

inline std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// Bytes at an address that is a multiple of 64, zero at first.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t bytes)
      : memory_(static_cast<std::byte*>(::operator new[](bytes + 64, std::align_val_t{64}))) {
    std::fill_n(memory_.get(), bytes + 64, std::byte{0});
  }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(memory_.get());
  }

 private:
  struct Delete {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };
  std::unique_ptr<std::byte[], Delete> memory_;
};

// How bytes become the unsigned operand: u = q ^ flip = q + shift.
struct Operand {
  std::uint8_t flip = 0;
  std::int32_t shift = 0, zero = 0;  // zero: the zero point as an unsigned operand

  explicit Operand(const Tensor& x)
      : flip(x.dtype == DType::kInt8 ? 128 : 0),
        shift(x.dtype == DType::kInt8 ? 128 : 0),
        zero(zero_point_of(x) + shift) {}
};

// The zero point of the weights as the signed operand: 0 for int8, in -128..127 for uint8.
std::int32_t weight_zero(const Tensor& weights);
// What makes a byte of the weights the signed operand, by exclusive or.
inline std::uint32_t weight_flip(const Tensor& weights) { return weights.dtype == DType::kInt8 ? 0 : 128; }
// The weight at `index` as the signed operand.
inline std::int8_t signed_weight(const Tensor& weights, std::int64_t index) {
  const auto byte = static_cast<std::uint8_t>(weights.data.bytes()[static_cast<std::size_t>(index)]);
  return static_cast<std::int8_t>(byte ^ weight_flip(weights));
}

class RequantizationTable {
 public:
  // weight_sums[o]: the sum of the signed weights minus their zero point, of output channel o; depth: products to
  // an output. Channels are padded to whole blocks.
  RequantizationTable(const NodeView& view, Activation activation, std::int64_t channels,
                      std::span<const std::int64_t> weight_sums, std::int64_t depth);

  // False where 32 bits could overflow between the steps of the quick arithmetic (absurd biases or scales).
  bool fits() const { return fits_; }
  Requantization from(std::int64_t channel) const;
  // Fills a block with copies of its first `channels`, for kernels that put several pixels into one block.
  void repeat(std::int64_t channels);
  const std::vector<std::int32_t>& bias() const { return bias_; }

 private:
  std::vector<std::int32_t> bias_, left_, fraction_, right_, half_, sign_;
  std::int32_t zero_point_ = 0;
  IntRange range_;
  bool fits_ = true;
};

}  // namespace Atoll::int8
