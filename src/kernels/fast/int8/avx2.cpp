// AVX2. Compiled with its own flags; nothing here runs on a CPU without it.
#if defined(__x86_64__)
#include <immintrin.h>

#define ATOLL_ISA_NAMESPACE avx2
#define ATOLL_ISA_OWN_GEMM
#include "kernels/fast/int8/generic-inl.h"

namespace Atoll::int8 {
namespace {

__m256i load(const std::int32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
__m128i load_bytes(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

// round(x * fraction / 2^31): 64-bit products of the even and the odd lanes.
inline __m256i high_mul(__m256i x, __m256i fraction) {
  const __m256i half = _mm256_set1_epi64x(1 << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, fraction), half);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(fraction, 32)), half);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
}

// Parameters of 8 channels, or of one factor in all lanes.
struct Lanes {
  __m256i left, fraction, right, half, sign;

  Lanes(const Requantization& r, int at)
      : left(load(r.left + at)),
        fraction(load(r.fraction + at)),
        right(load(r.right + at)),
        half(load(r.half + at)),
        sign(load(r.sign + at)) {}
  explicit Lanes(const Sum::Factor& f)
      : left(_mm256_set1_epi32(f.left)),
        fraction(_mm256_set1_epi32(f.fraction)),
        right(_mm256_set1_epi32(f.right)),
        half(_mm256_set1_epi32(f.right > 0 ? 1 << (f.right - 1) : 0)),
        sign(_mm256_set1_epi32(f.right > 0 ? -1 : 0)) {}

  __m256i operator()(__m256i x) const {
    const __m256i high = high_mul(_mm256_sllv_epi32(x, left), fraction);
    const __m256i rounding = _mm256_add_epi32(half, _mm256_and_si256(_mm256_srai_epi32(high, 31), sign));
    return _mm256_srav_epi32(_mm256_add_epi32(high, rounding), right);
  }
};

struct Limits {
  __m256i zero_point, low, high;
  Limits(std::int32_t zero, std::int32_t least, std::int32_t most)
      : zero_point(_mm256_set1_epi32(zero)), low(_mm256_set1_epi32(least)), high(_mm256_set1_epi32(most)) {}
  explicit Limits(const Requantization& r) : Limits(r.zero_point, r.low, r.high) {}

  // The low byte of each lane.
  __m256i operator()(__m256i x) const {
    x = _mm256_min_epi32(_mm256_max_epi32(_mm256_add_epi32(x, zero_point), low), high);
    return _mm256_and_si256(x, _mm256_set1_epi32(0xff));
  }
};

__m128i bytes_of(__m256i first, __m256i second) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(first, second), _MM_SHUFFLE(3, 1, 2, 0));
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

// Of 16 bytes the first `n`, at least 1.
void store(std::uint8_t* to, __m128i bytes, int n) {
  if (n >= 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  if (n == 8) return _mm_storel_epi64(reinterpret_cast<__m128i*>(to), bytes);
  alignas(16) std::uint8_t all[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(all), bytes);
  __builtin_memcpy(to, all, static_cast<std::size_t>(n));
}

// 16 channels from `at` on, from accumulators to bytes.
struct Requantizer {
  __m256i bias[2];
  Lanes lanes[2];
  Limits limits;

  Requantizer(const Requantization& r, int at)
      : bias{load(r.bias + at), load(r.bias + at + 8)}, lanes{Lanes(r, at), Lanes(r, at + 8)}, limits(r) {}

  __m128i operator()(__m256i first, __m256i second, __m256i more) const {
    first = lanes[0](_mm256_add_epi32(_mm256_add_epi32(first, bias[0]), more));
    second = lanes[1](_mm256_add_epi32(_mm256_add_epi32(second, bias[1]), more));
    return bytes_of(limits(first), limits(second));
  }
};

// The matrix product. Bytes are widened to words, because vpmaddubsw would saturate, and 8 channels are done at a
// time. A vector of accumulators holds, for four of them, the sum of the products 0 and 1 of each quad and the sum of 2
// and 3; they are joined at the end. Four rows are all that GCC 12 keeps in registers.
constexpr int kGroup = 8;       // channels
constexpr int kSomeRows = 48;   // whose words fit the first cache, with
constexpr int kSomeQuads = 64;  // of the depth

// Both operands as bytes, widened each time they are used: for a few rows.
struct AsBytes {
  const std::uint8_t* a;
  std::int64_t a_pitch;
  const std::int8_t* b;

  __m256i row(int m, int quad) const {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, a + m * a_pitch + quad * kQuad, sizeof bytes);
    return _mm256_cvtepu8_epi16(_mm_set1_epi32(bytes));
  }
  __m256i weights(int v, int quad) const {
    return _mm256_cvtepi8_epi16(load_bytes(b + quad * kBlock * kQuad + v * 16));
  }
};

// Both operands as words.
struct AsWords {
  const std::int16_t* a;
  std::int64_t a_pitch;
  const std::int16_t* b;

  __m256i row(int m, int quad) const {
    long long words;
    __builtin_memcpy(&words, a + m * a_pitch + quad * kQuad, sizeof words);
    return _mm256_set1_epi64x(words);
  }
  __m256i weights(int v, int quad) const {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(b + (quad * 2 + v) * 16));
  }
};

// The sums of M rows and a group.
template <int M, typename Operands>
inline void multiply(const Operands& operands, int quads, __m256i (&sums)[M]) {
  __m256i acc[M][2];
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) acc[m][0] = acc[m][1] = _mm256_setzero_si256();
  for (int q = 0; q < quads; ++q) {
    const __m256i w[2] = {operands.weights(0, q), operands.weights(1, q)};
#pragma GCC unroll 4
    for (int m = 0; m < M; ++m) {
      const __m256i x = operands.row(m, q);
      acc[m][0] = _mm256_add_epi32(acc[m][0], _mm256_madd_epi16(x, w[0]));
      acc[m][1] = _mm256_add_epi32(acc[m][1], _mm256_madd_epi16(x, w[1]));
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m)  // hadd within lanes gives channels 0 1 4 5 | 2 3 6 7 of the two vectors
    sums[m] = _mm256_permute4x64_epi64(_mm256_hadd_epi32(acc[m][0], acc[m][1]), _MM_SHUFFLE(3, 1, 2, 0));
}

template <int M>
struct Rows {};

// Calls `tile` with numbers of rows that add up to `rows`.
template <typename Tile>
inline void tiles(int rows, const Tile& tile) {
  int first = 0;
  for (; first + 4 <= rows; first += 4) tile(Rows<4>(), first);
  switch (rows - first) {
    case 3: return tile(Rows<3>(), first);
    case 2: return tile(Rows<2>(), first);
    case 1: return tile(Rows<1>(), first);
  }
}

// What follows the products, for 16 channels of a row from `at` on.
struct Finisher {
  const Gemm& g;
  int at;
  Requantizer requantize;

  Finisher(const Gemm& gemm, int from) : g(gemm), at(from), requantize(gemm.raw ? none() : gemm.requantization, from) {}

  void operator()(int m, __m256i first, __m256i second) const {
    if (g.raw) {
      auto* raw = reinterpret_cast<__m256i*>(g.raw + m * kBlock + at);
      _mm256_storeu_si256(raw, first);
      _mm256_storeu_si256(raw + 1, second);
      return;
    }
    const __m256i row_sum = _mm256_set1_epi32(g.row_sums ? g.row_sums[m] : 0);
    store(g.y + m * g.y_pitch + at, requantize(first, second, row_sum), g.channels - at);
  }

 private:
  static Requantization none() {
    static constexpr std::int32_t kNothing[kBlock] = {};
    return {kNothing, kNothing, kNothing, kNothing, kNothing, kNothing, 0, 0, 0};
  }
};

void few_rows(const Gemm& g) {
  for (int at = 0; at < g.channels; at += 2 * kGroup) {
    const Finisher finish(g, at);
    tiles(g.rows, [&]<int M>(Rows<M>, int first) {
      const std::uint8_t* a = g.a + first * g.a_pitch;
      __m256i sums[2][M];
      multiply<M>(AsBytes{a, g.a_pitch, g.b + at * kQuad}, g.quads, sums[0]);
      multiply<M>(AsBytes{a, g.a_pitch, g.b + (at + kGroup) * kQuad}, g.quads, sums[1]);
      for (int m = 0; m < M; ++m) finish(first + m, sums[0][m], sums[1][m]);
    });
  }
}

// A piece of both operands as words, and the sums so far.
struct alignas(32) Words {
  static constexpr int kPitch = kSomeQuads * kQuad;
  std::int16_t a[kSomeRows * kPitch], b[kSomeQuads * kGroup * kQuad];
  __m256i sums[kBlock / kGroup][kSomeRows];

  void take_rows(const std::uint8_t* from, std::int64_t pitch, int rows, int bytes) {
    for (int m = 0; m < rows; ++m) {
      int i = 0;
      for (; i + 16 <= bytes; i += 16)
        _mm256_store_si256(reinterpret_cast<__m256i*>(a + m * kPitch + i),
                           _mm256_cvtepu8_epi16(load_bytes(from + m * pitch + i)));
      for (; i < bytes; ++i) a[m * kPitch + i] = from[m * pitch + i];
    }
  }

  void take_weights(const std::int8_t* from, int quads) {
    const AsBytes bytes{nullptr, 0, from};
    for (int q = 0; q < quads; ++q)
      for (int v = 0; v < 2; ++v)
        _mm256_store_si256(reinterpret_cast<__m256i*>(b + (q * 2 + v) * 16), bytes.weights(v, q));
  }

  template <int M>
  void add(int group, int row, int quads, bool is_first) {
    __m256i more[M];
    multiply<M>(AsWords{a + row * kPitch, kPitch, b}, quads, more);
    for (int m = 0; m < M; ++m) {
      __m256i& sum = sums[group][row + m];
      sum = is_first ? more[m] : _mm256_add_epi32(sum, more[m]);
    }
  }
};

void many_rows(const Gemm& g, int first, int rows) {
  Words words;
  for (int quad = 0; quad < g.quads; quad += kSomeQuads) {
    const int quads = g.quads - quad < kSomeQuads ? g.quads - quad : kSomeQuads;
    words.take_rows(g.a + first * g.a_pitch + quad * kQuad, g.a_pitch, rows, quads * kQuad);
    for (int group = 0; group < (g.channels + 15) / 16 * 2; ++group) {  // a Finisher wants two
      words.take_weights(g.b + (quad * kBlock + group * kGroup) * kQuad, quads);
      tiles(rows, [&]<int M>(Rows<M>, int row) { words.add<M>(group, row, quads, quad == 0); });
    }
  }
  for (int at = 0; at < g.channels; at += 2 * kGroup) {
    const Finisher finish(g, at);
    for (int m = 0; m < rows; ++m) finish(first + m, words.sums[at / kGroup][m], words.sums[at / kGroup + 1][m]);
  }
}

void gemm(const Gemm& g) {
  constexpr int kFew = 6;  // up to here, widening ahead costs more than it saves
  if (g.rows <= kFew) return few_rows(g);
  for (int first = 0; first < g.rows; first += kSomeRows)
    many_rows(g, first, g.rows - first < kSomeRows ? g.rows - first : kSomeRows);
}

// Two taps at a time, 16 channels at a time: bytes are widened to words, those of the two taps interleaved, and
// multiplied with their weights kept in the same order. Within lanes that gives channels 0-3 8-11 | 4-7 12-15.
constexpr int kMostTaps = 50;
struct TapWeights {
  __m256i low, high;
};

__m256i widened(__m128i bytes, __m128i flip) { return _mm256_cvtepu8_epi16(_mm_xor_si128(bytes, flip)); }

// The next 16 bytes, of which only `n` may be read.
__m128i load_some(const std::uint8_t* from, int n) {
  if (n >= 16) return load_bytes(from);
  if (n == 8) return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  alignas(16) std::uint8_t all[16] = {};
  __builtin_memcpy(all, from, static_cast<std::size_t>(n));
  return load_bytes(all);
}

// What 16 channels need.
struct Channels16 {
  TapWeights weights[(kMostTaps + 1) / 2];
  Requantizer requantize;

  Channels16(const DepthwiseRow& d, int at) : requantize(d.requantization, at) {
    const __m256i zero = _mm256_set1_epi16(static_cast<short>(d.weight_zero));
    const auto weights_of = [&](int tap) {
      if (tap >= d.kh * d.kw) return _mm256_setzero_si256();
      const int ky = tap / d.kw, kx = tap % d.kw;
      const std::int8_t* block = d.weights + ((ky / kQuad) * d.kw + kx) * kBlock * kQuad + (ky % kQuad) * kBlock;
      return _mm256_sub_epi16(_mm256_cvtepi8_epi16(load_bytes(block + at)), zero);
    };
    for (int tap = 0; tap < d.kh * d.kw; tap += 2) {
      const __m256i one = weights_of(tap), two = weights_of(tap + 1);
      weights[tap / 2] = {_mm256_unpacklo_epi16(one, two), _mm256_unpackhi_epi16(one, two)};
    }
  }

  __m128i operator()(const std::uint8_t* const* pixels, int pairs, int at, int channels, __m128i flip) const {
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int p = 0; p < pairs; ++p) {
      const __m256i one = widened(load_some(pixels[2 * p] + at, channels), flip),
                    two = widened(load_some(pixels[2 * p + 1] + at, channels), flip);
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(one, two), weights[p].low));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(one, two), weights[p].high));
    }
    return requantize(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31),
                      _mm256_setzero_si256());
  }
};

void depthwise_row(const DepthwiseRow& d) {
  if (d.kh * d.kw > kMostTaps) return avx2::depthwise_row(d);
  alignas(32) std::uint8_t filling[kBlock];
  __builtin_memset(filling, d.fill ^ d.flip, sizeof filling);  // flipped back when read
  const __m128i flip = _mm_set1_epi8(static_cast<char>(d.flip));
  const Channels16 groups[kBlock / 16] = {{d, 0}, {d, 16}, {d, 32}, {d, 48}};
  const int taps = d.kh * d.kw, pairs = (taps + 1) / 2;
  const std::uint8_t* pixels[kMostTaps + 1];
  pixels[taps] = filling;         // the partner of an odd tap, with weights of 0
  std::int64_t steps[kMostTaps];  // from one output pixel to the next
  for (int t = 0; t < taps; ++t) steps[t] = d.rows[t / d.kw] ? d.stride * d.pixel_pitch : 0;
  bool was_inside = false;
  for (int j = 0; j < d.out_w; ++j) {
    const int left = j * d.stride - d.pad_left;
    const bool is_inside = left >= 0 && left + (d.kw - 1) * d.dilation < d.in_w;
    for (int t = 0; t < taps; ++t) {
      if (is_inside && was_inside) {
        pixels[t] += steps[t];
        continue;
      }
      const int ky = t / d.kw, column = left + t % d.kw * d.dilation;
      const bool outside = d.rows[ky] == nullptr || column < 0 || column >= d.in_w;
      pixels[t] = outside ? filling : d.rows[ky] + column * d.pixel_pitch;
    }
    was_inside = is_inside;
    for (int at = 0; at < d.channels; at += 16)
      store(d.y + j * d.pixel_pitch + at, groups[at / 16](pixels, pairs, at, d.channels - at, flip), d.channels - at);
  }
}

void sum(const Sum& s) {
  const Lanes a_factor(s.a_factor), b_factor(s.b_factor), y_factor(s.y_factor);
  const Limits limits(s.y_zero, s.low, s.high);
  const int flip = s.is_signed ? 128 : 0;  // q = (byte ^ flip) - flip
  const __m128i flips = _mm_set1_epi8(static_cast<char>(flip));
  const __m256i a_zero = _mm256_set1_epi32(s.a_zero + flip), b_zero = _mm256_set1_epi32(s.b_zero + flip),
                sign = _mm256_set1_epi32(s.sign);
  const auto scaled = [](__m128i bytes, __m256i zero, const Lanes& factor) {
    return factor(_mm256_slli_epi32(_mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), zero), 20));
  };
  const auto eight = [&](__m128i a, __m128i b) {
    const __m256i total =
        _mm256_add_epi32(scaled(a, a_zero, a_factor), _mm256_sign_epi32(scaled(b, b_zero, b_factor), sign));
    return limits(y_factor(total));
  };
  std::int64_t i = 0;
  for (; i + 16 <= s.n; i += 16) {
    const __m128i a = _mm_xor_si128(load_bytes(s.a + i), flips), b = _mm_xor_si128(load_bytes(s.b + i), flips);
    store(s.y + i, bytes_of(eight(a, b), eight(_mm_srli_si128(a, 8), _mm_srli_si128(b, 8))), 16);
  }
  Sum rest = s;
  rest.a += i;
  rest.b += i;
  rest.y += i;
  rest.n -= i;
  avx2::sum(rest);
}

}  // namespace

const Isa kAvx2 = {"avx2", gemm, depthwise_row, sum, avx2::flip_copy, avx2::depthwise_place, true};

}  // namespace Atoll::int8
#endif
