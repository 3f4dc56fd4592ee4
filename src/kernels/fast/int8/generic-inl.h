// The loops of Isa in plain C++, for the compiler to vectorise. Included by portable.cpp and avx2.cpp, each of which
// is compiled with its own flags and sets ATOLL_ISA_NAMESPACE (and ATOLL_ISA_OWN_GEMM when it brings a better one).

#include "kernels/fast/int8/isa.h"

namespace Atoll::int8::ATOLL_ISA_NAMESPACE {

static inline std::int32_t rescale(std::int32_t x, std::int32_t left, std::int32_t fraction, std::int32_t right,
                                   std::int32_t half, std::int32_t sign) {
  const std::int32_t shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << left);
  const auto high = static_cast<std::int32_t>((std::int64_t{shifted} * fraction + (std::int64_t{1} << 30)) >> 31);
  return (high + half + ((high >> 31) & sign)) >> right;
}

static inline std::int32_t add(std::int32_t a, std::int32_t b) {  // may wrap
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

static inline std::int32_t clamp(std::int32_t x, std::int32_t low, std::int32_t high) {
  return x < low ? low : x > high ? high : x;
}

static void requantize_row(const std::int32_t* acc, int channels, std::int32_t row_sum, const Requantization& r,
                           std::uint8_t* y) {
  for (int c = 0; c < channels; ++c) {
    const std::int32_t value =
        rescale(add(add(acc[c], r.bias[c]), row_sum), r.left[c], r.fraction[c], r.right[c], r.half[c], r.sign[c]);
    y[c] = static_cast<std::uint8_t>(clamp(value + r.zero_point, r.low, r.high));
  }
}

#ifndef ATOLL_ISA_OWN_GEMM
static void gemm(const Gemm& g) {
  constexpr int kRows = 4;
  for (int first = 0; first < g.rows; first += kRows) {
    const int rows = g.rows - first < kRows ? g.rows - first : kRows;
    std::int32_t acc[kRows][kBlock] = {};
    for (int q = 0; q < g.quads; ++q) {
      std::int16_t b[kQuad][kBlock];  // by place in the quad, as 16 bits: what the vectoriser likes
      for (int c = 0; c < kBlock; ++c)
        for (int k = 0; k < kQuad; ++k) b[k][c] = g.b[(std::int64_t{q} * kBlock + c) * kQuad + k];
      for (int m = 0; m < rows; ++m) {
        const std::uint8_t* a = g.a + (first + m) * g.a_pitch + std::int64_t{q} * kQuad;
        const std::int16_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
        for (int c = 0; c < kBlock; ++c) acc[m][c] += a0 * b[0][c] + a1 * b[1][c] + a2 * b[2][c] + a3 * b[3][c];
      }
    }
    for (int m = 0; m < rows; ++m) {
      if (g.raw)
        for (int c = 0; c < kBlock; ++c) g.raw[(first + m) * kBlock + c] = acc[m][c];
      else
        requantize_row(acc[m], g.channels, g.row_sums ? g.row_sums[first + m] : 0, g.requantization,
                       g.y + (first + m) * g.y_pitch);
    }
  }
}

#endif

static int depthwise_place(int channel, int row) { return row * kBlock + channel; }

static void depthwise_row(const DepthwiseRow& d) {
  for (int j = 0; j < d.out_w; ++j) {
    std::int32_t acc[kBlock] = {};
    for (int ky = 0; ky < d.kh; ++ky)
      for (int kx = 0; kx < d.kw; ++kx) {
        const int column = j * d.stride + kx * d.dilation - d.pad_left;
        const std::int8_t* w = d.weights + ((ky / kQuad) * d.kw + kx) * kBlock * kQuad + (ky % kQuad) * kBlock;
        if (d.rows[ky] == nullptr || column < 0 || column >= d.in_w) {
          for (int c = 0; c < d.channels; ++c) acc[c] += d.fill * (w[c] - d.weight_zero);
        } else {
          const std::uint8_t* x = d.rows[ky] + column * d.pixel_pitch;
          for (int c = 0; c < d.channels; ++c) acc[c] += (x[c] ^ d.flip) * (w[c] - d.weight_zero);
        }
      }
    requantize_row(acc, d.channels, 0, d.requantization, d.y + j * d.pixel_pitch);
  }
}

static inline std::int32_t rescale(std::int32_t x, const Sum::Factor& f) {
  return rescale(x, f.left, f.fraction, f.right, f.right > 0 ? 1 << (f.right - 1) : 0, f.right > 0 ? -1 : 0);
}

static void sum(const Sum& s) {
  const std::uint8_t flip = s.is_signed ? 128 : 0;  // q = (byte ^ flip) - flip
  for (std::int64_t i = 0; i < s.n; ++i) {
    const std::int32_t a = (s.a[i] ^ flip) - flip, b = (s.b[i] ^ flip) - flip;
    const std::int32_t total =
        rescale((a - s.a_zero) * (1 << 20), s.a_factor) + s.sign * rescale((b - s.b_zero) * (1 << 20), s.b_factor);
    s.y[i] = static_cast<std::uint8_t>(clamp(rescale(total, s.y_factor) + s.y_zero, s.low, s.high));
  }
}

static void flip_copy(std::uint8_t* to, const std::uint8_t* from, std::int64_t n, std::uint8_t flip) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] ^ flip;
}

}  // namespace Atoll::int8::ATOLL_ISA_NAMESPACE
