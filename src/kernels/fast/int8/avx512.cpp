// AVX-512 with VNNI. Compiled with its own flags; nothing here runs on a CPU without it.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/fast/int8/isa.h"

namespace Atoll::int8 {
namespace {

// Parameters of 16 channels.
struct Lanes {
  __m512i bias, left, fraction, right, half, sign;

  Lanes(const Requantization& r, int at)
      : bias(_mm512_loadu_si512(r.bias + at)),
        left(_mm512_loadu_si512(r.left + at)),
        fraction(_mm512_loadu_si512(r.fraction + at)),
        right(_mm512_loadu_si512(r.right + at)),
        half(_mm512_loadu_si512(r.half + at)),
        sign(_mm512_loadu_si512(r.sign + at)) {}
  explicit Lanes(const Sum::Factor& f)
      : bias(_mm512_setzero_si512()),
        left(_mm512_set1_epi32(f.left)),
        fraction(_mm512_set1_epi32(f.fraction)),
        right(_mm512_set1_epi32(f.right)),
        half(_mm512_set1_epi32(f.right > 0 ? 1 << (f.right - 1) : 0)),
        sign(_mm512_set1_epi32(f.right > 0 ? -1 : 0)) {}
};

// round(x * fraction / 2^31): 64-bit products of the even and the odd lanes.
inline __m512i high_mul(__m512i x, __m512i fraction) {
  const __m512i half = _mm512_set1_epi64(1 << 30);
  const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, fraction), half);
  const __m512i odd =
      _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(fraction, 32)), half);
  return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
}

inline __m512i rescale(__m512i x, const Lanes& l) {
  const __m512i high = high_mul(_mm512_sllv_epi32(x, l.left), l.fraction);
  const __m512i rounding = _mm512_add_epi32(l.half, _mm512_and_si512(_mm512_srai_epi32(high, 31), l.sign));
  return _mm512_srav_epi32(_mm512_add_epi32(high, rounding), l.right);
}

struct Limits {
  __m512i zero_point, low, high;
  explicit Limits(const Requantization& r)
      : zero_point(_mm512_set1_epi32(r.zero_point)), low(_mm512_set1_epi32(r.low)), high(_mm512_set1_epi32(r.high)) {}
  __m512i operator()(__m512i x) const {
    return _mm512_min_epi32(_mm512_max_epi32(_mm512_add_epi32(x, zero_point), low), high);
  }
};

inline __mmask16 lanes_mask(int channels) {
  return channels >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << channels) - 1);
}

inline __m512i broadcast_quad(const std::uint8_t* a) {
  std::int32_t quad;
  __builtin_memcpy(&quad, a, sizeof quad);
  return _mm512_set1_epi32(quad);
}

// M rows by N * 16 channels.
template <int M, int N>
void tile(const Gemm& g, int first) {
  __m512i acc[M][N];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) acc[m][n] = _mm512_setzero_si512();
  const std::uint8_t* a = g.a + first * g.a_pitch;
  const std::int8_t* b = g.b;
  for (int q = 0; q < g.quads; ++q, a += kQuad, b += kBlock * kQuad) {
    __m512i w[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) w[n] = _mm512_load_si512(b + n * 64);
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
      const __m512i x = broadcast_quad(a + m * g.a_pitch);
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[m][n] = _mm512_dpbusd_epi32(acc[m][n], x, w[n]);
    }
  }
  if (g.raw) {
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) _mm512_storeu_si512(g.raw + (first + m) * kBlock + n * 16, acc[m][n]);
    return;
  }
  const Limits limits(g.requantization);
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) {
    const Lanes lanes(g.requantization, n * 16);
    const __mmask16 mask = lanes_mask(g.channels - n * 16);
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
      __m512i x = _mm512_add_epi32(acc[m][n], lanes.bias);
      if (g.row_sums) x = _mm512_add_epi32(x, _mm512_set1_epi32(g.row_sums[first + m]));
      _mm_mask_storeu_epi8(g.y + (first + m) * g.y_pitch + n * 16, mask,
                           _mm512_cvtepi32_epi8(limits(rescale(x, lanes))));
    }
  }
}

template <int N>
void gemm_columns(const Gemm& g) {
  constexpr int kRows = N >= 3 ? 6 : 12;
  int first = 0;
  for (; first + kRows <= g.rows; first += kRows) tile<kRows, N>(g, first);
  for (; first + 4 <= g.rows; first += 4) tile<4, N>(g, first);
  for (; first < g.rows; ++first) tile<1, N>(g, first);
}

void gemm(const Gemm& g) {
  if (g.channels > 48)
    gemm_columns<4>(g);
  else if (g.channels > 32)
    gemm_columns<3>(g);
  else if (g.channels > 16)
    gemm_columns<2>(g);
  else
    gemm_columns<1>(g);
}

// Bytes of 64 channels from four rows, interleaved within 128-bit lanes by two rounds of unpacking. Vector i holds,
// of every lane of 16 channels, the four channels from 4 i on; packing within lanes puts them back in order.
int depthwise_place(int channel, int row) {
  const int lane = channel / 16, within = channel % 16;
  return (within / 4) * 64 + lane * 16 + (within % 4) * kQuad + row;
}

inline void store_quads(const __m512i rows[4], std::uint8_t* to) {
  const __m512i low01 = _mm512_unpacklo_epi8(rows[0], rows[1]), high01 = _mm512_unpackhi_epi8(rows[0], rows[1]);
  const __m512i low23 = _mm512_unpacklo_epi8(rows[2], rows[3]), high23 = _mm512_unpackhi_epi8(rows[2], rows[3]);
  _mm512_store_si512(to, _mm512_unpacklo_epi16(low01, low23));
  _mm512_store_si512(to + 64, _mm512_unpackhi_epi16(low01, low23));
  _mm512_store_si512(to + 128, _mm512_unpacklo_epi16(high01, high23));
  _mm512_store_si512(to + 192, _mm512_unpackhi_epi16(high01, high23));
}

// The order of channels in the four vectors, for 32-bit parameters.
inline __m512i shuffled(const std::int32_t* values, int i) {
  const __m512i index = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 32, 33, 34, 35, 48, 49, 50, 51),
                                         _mm512_set1_epi32(4 * i));
  return _mm512_i32gather_epi32(index, values, 4);
}

void fill_columns(const DepthwiseRow& d, int row_quads, __mmask64 mask) {
  const __m512i fill = _mm512_set1_epi8(static_cast<char>(d.fill)), flip = _mm512_set1_epi8(static_cast<char>(d.flip));
  for (int column = 0; column < d.columns_count; ++column) {
    const int x = column - d.pad_left;
    const bool inside = x >= 0 && x < d.in_w;
    for (int q = 0; q < row_quads; ++q) {
      __m512i rows[4];
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        const int ky = q * kQuad + r;
        if (ky >= d.kh)
          rows[r] = _mm512_setzero_si512();
        else if (!inside || d.rows[ky] == nullptr)
          rows[r] = fill;
        else
          rows[r] = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, d.rows[ky] + x * d.pixel_pitch), flip);
      }
      store_quads(rows, d.columns + (static_cast<std::int64_t>(column) * row_quads + q) * kBlock * kQuad);
    }
  }
}

// P output pixels side by side share the loads of the weights.
template <int P>
void depthwise_pixels(const DepthwiseRow& d, int row_quads, int j, const Lanes lanes[4], const Limits& limits,
                      __mmask64 mask) {
  __m512i acc[P][4];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) acc[p][i] = _mm512_setzero_si512();
  const std::int64_t column_bytes = static_cast<std::int64_t>(row_quads) * kBlock * kQuad;
  for (int q = 0; q < row_quads; ++q)
    for (int kx = 0; kx < d.kw; ++kx) {
      const std::int8_t* w = d.weights + (static_cast<std::int64_t>(q) * d.kw + kx) * kBlock * kQuad;
      const std::uint8_t* x = d.columns + (j * d.stride + kx * d.dilation) * column_bytes + q * kBlock * kQuad;
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const __m512i weights = _mm512_load_si512(w + i * 64);
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p)
          acc[p][i] =
              _mm512_dpbusd_epi32(acc[p][i], _mm512_load_si512(x + p * d.stride * column_bytes + i * 64), weights);
      }
    }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) acc[p][i] = limits(rescale(_mm512_add_epi32(acc[p][i], lanes[i].bias), lanes[i]));
    // Values are in range already; 16-bit packing is signed, so unsigned bytes only need the last step to differ.
    const __m512i low = _mm512_packs_epi32(acc[p][0], acc[p][1]), high = _mm512_packs_epi32(acc[p][2], acc[p][3]);
    const __m512i packed = d.requantization.low >= 0 ? _mm512_packus_epi16(low, high) : _mm512_packs_epi16(low, high);
    _mm512_mask_storeu_epi8(d.y + (j + p) * d.pixel_pitch, mask, packed);
  }
}

inline Lanes shuffled_lanes(const Requantization& r, int i) {
  Lanes lanes(r, 0);
  lanes.bias = shuffled(r.bias, i);
  lanes.left = shuffled(r.left, i);
  lanes.fraction = shuffled(r.fraction, i);
  lanes.right = shuffled(r.right, i);
  lanes.half = shuffled(r.half, i);
  lanes.sign = shuffled(r.sign, i);
  return lanes;
}

void flip_copy(std::uint8_t* to, const std::uint8_t* from, std::int64_t n, std::uint8_t flip) {
  const __m512i flips = _mm512_set1_epi8(static_cast<char>(flip));
  std::int64_t i = 0;
  for (; i + 64 <= n; i += 64) _mm512_storeu_si512(to + i, _mm512_xor_si512(_mm512_loadu_si512(from + i), flips));
  if (i == n) return;
  const __mmask64 mask = (__mmask64{1} << (n - i)) - 1;
  _mm512_mask_storeu_epi8(to + i, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from + i), flips));
}

// 64 bytes that hold P pixels of 64 / P channels, `step` bytes apart.
template <int P>
inline __m512i load_pixels(const std::uint8_t* x, std::int64_t step) {
  if (step == 64 / P) return _mm512_loadu_si512(x);
  if constexpr (P == 2) {
    const auto* at = reinterpret_cast<const __m256i_u*>(x);
    const auto* next = reinterpret_cast<const __m256i_u*>(x + step);
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(at)), _mm256_loadu_si256(next), 1);
  } else if constexpr (P == 4) {
    const auto at = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(x + i * step)); };
    const __m512i pair = _mm512_inserti32x4(_mm512_castsi128_si512(at(0)), at(1), 1);
    return _mm512_inserti32x4(_mm512_inserti32x4(pair, at(2), 2), at(3), 3);
  } else {
    const auto at = [&](int i) {
      long long bytes;
      __builtin_memcpy(&bytes, x + i * step, sizeof bytes);
      return bytes;
    };
    return _mm512_setr_epi64(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  }
}

// Few channels: P output pixels side by side fill the vectors.
template <int P>
void depthwise_narrow(const DepthwiseRow& d, int row_quads) {
  constexpr int kChannels = 64 / P;
  // The input rows, flipped, with their padding, and room to read on behind the last pixel.
  const std::int64_t row_bytes = static_cast<std::int64_t>(d.columns_count) * kChannels + kNarrowSlack * (d.stride + 1);
  const int inside = d.columns_count - d.pad_left < d.in_w ? d.columns_count - d.pad_left : d.in_w;
  for (int ky = 0; ky < d.kh; ++ky) {
    std::uint8_t* to = d.columns + ky * row_bytes;
    __builtin_memset(to, d.fill, static_cast<unsigned long>(row_bytes));
    if (d.rows[ky] != nullptr && inside > 0)
      flip_copy(to + d.pad_left * kChannels, d.rows[ky], static_cast<std::int64_t>(inside) * kChannels, d.flip);
  }
  const Requantization& r = d.requantization;
  const Lanes lanes[4] = {shuffled_lanes(r, 0), shuffled_lanes(r, 1), shuffled_lanes(r, 2), shuffled_lanes(r, 3)};
  const Limits limits(r);
  const std::int64_t step = static_cast<std::int64_t>(d.stride) * kChannels;
  for (int j = 0; j < d.out_w; j += P) {
    __m512i acc[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    for (int q = 0; q < row_quads; ++q)
      for (int kx = 0; kx < d.kw; ++kx) {
        const std::int8_t* w = d.weights + (static_cast<std::int64_t>(q) * d.kw + kx) * kBlock * kQuad;
        const std::uint8_t* x = d.columns + j * step + static_cast<std::int64_t>(kx) * d.dilation * kChannels;
        __m512i rows[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          const int ky = q * kQuad + i;
          rows[i] = ky < d.kh ? load_pixels<P>(x + ky * row_bytes, step) : _mm512_setzero_si512();
        }
        alignas(64) std::uint8_t quads[kBlock * kQuad];
        store_quads(rows, quads);
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i)
          acc[i] = _mm512_dpbusd_epi32(acc[i], _mm512_load_si512(quads + i * 64), _mm512_load_si512(w + i * 64));
      }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) acc[i] = limits(rescale(_mm512_add_epi32(acc[i], lanes[i].bias), lanes[i]));
    const int bytes = (d.out_w - j) * kChannels;
    const __mmask64 mask = bytes >= 64 ? ~__mmask64{0} : (__mmask64{1} << bytes) - 1;
    const __m512i low = _mm512_packs_epi32(acc[0], acc[1]), high = _mm512_packs_epi32(acc[2], acc[3]);
    _mm512_mask_storeu_epi8(d.y + static_cast<std::int64_t>(j) * kChannels, mask,
                            r.low >= 0 ? _mm512_packus_epi16(low, high) : _mm512_packs_epi16(low, high));
  }
}

void depthwise_row(const DepthwiseRow& d) {
  const int row_quads = (d.kh + kQuad - 1) / kQuad;
  if (d.pixel_pitch == d.channels && is_narrow(d.channels)) {
    if (d.channels == 8)
      depthwise_narrow<8>(d, row_quads);
    else if (d.channels == 16)
      depthwise_narrow<4>(d, row_quads);
    else
      depthwise_narrow<2>(d, row_quads);
    return;
  }
  const __mmask64 mask = d.channels >= 64 ? ~__mmask64{0} : (__mmask64{1} << d.channels) - 1;
  fill_columns(d, row_quads, mask);
  const Requantization& r = d.requantization;
  const Lanes lanes[4] = {shuffled_lanes(r, 0), shuffled_lanes(r, 1), shuffled_lanes(r, 2), shuffled_lanes(r, 3)};
  const Limits limits(r);
  int j = 0;
  for (; j + 4 <= d.out_w; j += 4) depthwise_pixels<4>(d, row_quads, j, lanes, limits, mask);
  for (; j < d.out_w; ++j) depthwise_pixels<1>(d, row_quads, j, lanes, limits, mask);
}

inline __m512i widen(__m128i bytes, bool is_signed) {
  return is_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
}

void sum(const Sum& s) {
  const Lanes a_lanes(s.a_factor), b_lanes(s.b_factor), y_lanes(s.y_factor);
  const __m512i a_zero = _mm512_set1_epi32(s.a_zero), b_zero = _mm512_set1_epi32(s.b_zero);
  const __m512i y_zero = _mm512_set1_epi32(s.y_zero), low = _mm512_set1_epi32(s.low), high = _mm512_set1_epi32(s.high);
  for (std::int64_t i = 0; i < s.n; i += 16) {
    const __mmask16 mask = lanes_mask(static_cast<int>(s.n - i < 16 ? s.n - i : 16));
    const __m512i a = _mm512_sub_epi32(widen(_mm_maskz_loadu_epi8(mask, s.a + i), s.is_signed), a_zero);
    const __m512i b = _mm512_sub_epi32(widen(_mm_maskz_loadu_epi8(mask, s.b + i), s.is_signed), b_zero);
    const __m512i p = rescale(_mm512_slli_epi32(a, 20), a_lanes), q = rescale(_mm512_slli_epi32(b, 20), b_lanes);
    const __m512i total = s.sign > 0 ? _mm512_add_epi32(p, q) : _mm512_sub_epi32(p, q);
    const __m512i y = _mm512_add_epi32(rescale(total, y_lanes), y_zero);
    _mm_mask_storeu_epi8(s.y + i, mask, _mm512_cvtepi32_epi8(_mm512_min_epi32(_mm512_max_epi32(y, low), high)));
  }
}

}  // namespace

const Isa kAvx512 = {"avx512", gemm, depthwise_row, sum, flip_copy, depthwise_place, false};

}  // namespace Atoll::int8
#endif
