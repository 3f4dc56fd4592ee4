// y = x * relu6(x + 3) / 6. 8-bit: TFLite's 16-bit fixed point, computed once for each of the 256 inputs.
#include <array>
#include <cmath>

#include "atoll/error.h"
#include "kernels/quantized.h"
#include "kernels/reference/reference.h"

namespace Atoll::reference {
namespace {

using Int16 = std::int16_t;

Int16 saturate(std::int64_t x) { return static_cast<Int16>(std::clamp<std::int64_t>(x, -32768, 32767)); }

Int16 rounding_doubling_high_mul(Int16 a, Int16 b) {
  if (a == -32768 && b == -32768) return 32767;
  const std::int32_t product = std::int32_t{a} * b;
  return static_cast<Int16>((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

Int16 truncating_doubling_high_mul(Int16 a, Int16 b) {
  if (a == -32768 && b == -32768) return 32767;
  return static_cast<Int16>(std::int32_t{a} * b / (1 << 15));
}

// TFLite's division in 16 bits: from 2^16 on, its mask of the remainder is all ones, and every number becomes 1 or -1.
std::int32_t rounding_divide(Int16 x, int exponent) {
  if (exponent > 15) return x >= 0 ? 1 : -1;
  return rounding_shift_right(x, exponent);
}

struct ShortMultiplier {
  Int16 fraction = 0;
  int shift = 0;
};

ShortMultiplier shorten(Multiplier m) {
  constexpr std::int32_t kHalf = 1 << 15;
  if (m.fraction >= std::numeric_limits<std::int32_t>::max() - kHalf) return {32767, m.shift};
  return {static_cast<Int16>((m.fraction + kHalf) >> 16), m.shift};
}

struct HardSwishTable {
  std::int32_t x_zero = 0, y_zero = 0;
  ShortMultiplier output, gate;

  explicit HardSwishTable(const NodeView& view) : x_zero(zero_point_of(view.in(0))), y_zero(zero_point_of(view.out())) {
    const float fine_scale = (1.0f / 128.0f) * scale_of(view.in(0));
    output = shorten(quantize_multiplier(fine_scale / scale_of(view.out())));
    gate = shorten(quantize_multiplier(fine_scale / (3.0f / 32768.0f)));
    if (output.shift > 0)
      fail("HardSwish '{}': the output scale {} is too small for the input scale {}", view.node.name,
           scale_of(view.out()), scale_of(view.in(0)));
  }

  std::int32_t operator()(std::int32_t q) const {
    const auto fine = static_cast<Int16>((q - x_zero) * 128);
    const Int16 value = rounding_doubling_high_mul(fine, output.fraction);
    // relu6(x + 3) / 6 as (1 + x / 3) / 2 with x / 3 saturated to [-1, 1].
    Int16 third = fine;
    if (gate.shift > 0) third = saturate(std::int64_t{third} << (gate.shift - 1));
    third = rounding_doubling_high_mul(third, gate.fraction);
    if (gate.shift > 0) third = saturate(std::int64_t{third} * 2);
    if (gate.shift < 0) third = static_cast<Int16>(rounding_divide(third, -gate.shift));
    const auto gated = static_cast<Int16>((third + (1 << 15)) >> 1);
    const Int16 product = truncating_doubling_high_mul(gated, value);
    return saturate(rounding_divide(product, -output.shift) + y_zero);
  }
};

template <typename T>
Kernel quantized_hard_swish(const NodeView& view) {
  const HardSwishTable function(view);
  const IntRange range = range_of(view.out().dtype);
  std::array<T, 256> table{};
  for (std::int32_t q = range.low; q <= range.high; ++q)
    table[static_cast<std::uint8_t>(q)] = static_cast<T>(std::clamp(function(q), range.low, range.high));
  return {[table, n = view.in(0).elements()](const Buffers& b) {
    const auto* in = b.in<std::uint8_t>(0);
    T* out = b.out<T>();
    for (std::int64_t i = 0; i < n; ++i) out[i] = table[in[i]];
  }};
}

}  // namespace

Kernel hard_swish(const NodeView& view) {
  const Tensor& x = view.in(0);
  if (x.dtype != view.out().dtype) reject_types(view);
  if (x.dtype == DType::kInt8) return quantized_hard_swish<std::int8_t>(view);
  if (x.dtype == DType::kUInt8) return quantized_hard_swish<std::uint8_t>(view);
  return elementwise(view, [](float v) { return v * std::clamp(v + 3.0f, 0.0f, 6.0f) / 6.0f; });
}

}  // namespace Atoll::reference
