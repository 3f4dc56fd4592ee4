// Isa: the innermost loops of 8-bit inference, once for each instruction set. Everything around them (packing,
// im2col, threads) is written once and reads the same packed layouts. Files named after an instruction set are
// compiled with its flags and hold nothing else; they include no library header with code in it.
//
// Activations are multiplied as unsigned bytes u = q + 128 (int8) or u = q (uint8); `flip` is what turns q into u by
// exclusive or. The shift is taken back in the bias. Weights are signed and packed in blocks of 64 channels.
#pragma once

#include <cstdint>

namespace Atoll::int8 {

inline constexpr int kBlock = 64;  // channels of a packed block
inline constexpr int kQuad = 4;    // products that one instruction adds up

// Accumulator to output, by channel: y = clamp(shift_right(high_mul((acc + bias) << left, fraction), right) + zero).
// Arrays are padded to whole blocks; `half` and `sign` are the rounding of the right shift (0 where it is 0).
struct Requantization {
  const std::int32_t *bias, *left, *fraction, *right, *half, *sign;
  std::int32_t zero_point, low, high;
};

// rows x channels of y = requantized(a x b). a: rows of `pitch` bytes, 4 * quads of them used. b: one block,
// [quads][64][4]. row_sums (may be null): what to add to every accumulator of a row.
struct Gemm {
  const std::uint8_t* a;
  std::int64_t a_pitch;
  int rows, quads, channels;
  const std::int8_t* b;
  const std::int32_t* row_sums;
  Requantization requantization;
  std::uint8_t* y;
  std::int64_t y_pitch;
  std::int32_t* raw;  // not null: the accumulators themselves go here, [rows][64], and y is not written
};

// One output row of a depthwise convolution for up to 64 channels. rows[ky] points to the first pixel of an input
// row, or is null where the filter hangs over the edge. weights: [row quads][kw][64][4], in the order in which this
// instruction set keeps quads (`depthwise_place`). columns: scratch of columns_count * row quads * 256 bytes, and
// `kNarrowSlack` * (stride + 1) * kh more. When all the tensor's channels are 8, 16 or 32, weights and parameters are
// repeated to fill the block, so that several pixels can share it.
inline constexpr int kNarrowSlack = 64;
inline constexpr bool is_narrow(int channels) { return channels == 8 || channels == 16 || channels == 32; }
struct DepthwiseRow {
  const std::uint8_t* const* rows;
  int kh, kw, in_w, out_w, stride, dilation, pad_left, columns_count, channels;
  std::int64_t pixel_pitch;  // bytes from pixel to pixel, of x and of y
  std::uint8_t fill, flip;   // fill is already flipped
  const std::int8_t* weights;
  std::int32_t weight_zero;  // -128..127; not 0 only where `weighs_asymmetrically` is true
  std::uint8_t* columns;
  Requantization requantization;
  std::uint8_t* y;
};

// y = a + b or a - b of `n` bytes, as RescaledSum does it.
struct Sum {
  const std::uint8_t *a, *b;
  std::uint8_t* y;
  std::int64_t n;
  bool is_signed;
  std::int32_t a_zero, b_zero, y_zero, sign, low, high;
  struct Factor {
    std::int32_t left, fraction, right;
  } a_factor, b_factor, y_factor;
};

struct Isa {
  const char* name;
  void (*gemm)(const Gemm&);
  void (*depthwise_row)(const DepthwiseRow&);
  void (*sum)(const Sum&);
  void (*flip_copy)(std::uint8_t* to, const std::uint8_t* from, std::int64_t n, std::uint8_t flip);
  // The place in a block's [64][4] weights of (channel, row of the quad): channels may be kept shuffled.
  int (*depthwise_place)(int channel, int row);
  bool weighs_asymmetrically;  // depthwise_row can take weights whose zero point is not 0
};

// The best one for this CPU, chosen once. The environment variable ATOLL_ISA (portable, avx2, avx512) overrides.
const Isa& isa();
// The best one that weighs asymmetrically, at most isa().
const Isa& asymmetric_isa();
// Every one that this CPU can run, the best last: for the tests.
struct IsaList {
  const Isa* list[3];
  int count;
};
IsaList runnable_isas();

extern const Isa kPortable;
#if defined(__x86_64__)
extern const Isa kAvx2;
extern const Isa kAvx512;
#endif

}  // namespace Atoll::int8
