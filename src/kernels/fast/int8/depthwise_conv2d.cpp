// Depthwise convolution, a row of output pixels and 64 channels at a time.
#include <array>

#include "atoll/threads.h"
#include "kernels/fast/int8/int8.h"
#include "kernels/fast/int8/packed.h"
#include "kernels/window.h"

namespace Atoll::int8 {
namespace {

constexpr int kMaxFilter = 32;

std::vector<std::int64_t> tap_sums(const Tensor& weights, std::int64_t taps, std::int64_t channels) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(channels), 0);
  const std::int32_t zero = weight_zero(weights);
  for (std::int64_t i = 0; i < taps * channels; ++i)
    sums[static_cast<std::size_t>(i % channels)] += signed_weight(weights, i) - zero;
  return sums;
}

class DepthwiseConvolution {
 public:
  DepthwiseConvolution(const DepthwiseConv2D& op, const NodeView& view, const Window& window)
      : isa_(weight_zero(view.in(1)) == 0 ? isa() : asymmetric_isa()),
        window_(window),
        row_quads_((window.filter.h + kQuad - 1) / kQuad),
        // Columns of the padded row that the filter touches.
        columns_((window.out_w - 1) * window.stride.w + (window.filter.w - 1) * window.dilation.w + 1),
        operand_(view.in(0)),
        weight_zero_(weight_zero(view.in(1))),
        table_(view, op.activation, window.out_c,
               tap_sums(view.in(1), std::int64_t{window.filter.h} * window.filter.w, window.out_c),
               std::int64_t{window.filter.h} * window.filter.w),
        weights_(static_cast<std::size_t>(round_up(window.out_c, kBlock) * row_quads_ * window.filter.w * kQuad)) {
    const bool narrow = is_narrow(window.out_c);
    if (narrow) table_.repeat(window.out_c);
    auto* packed = weights_.as<std::int8_t>();
    for (int c = 0, end = narrow ? kBlock : window.out_c; c < end; ++c)
      for (int ky = 0; ky < window.filter.h; ++ky)
        for (int kx = 0; kx < window.filter.w; ++kx)
          packed[c / kBlock * block_bytes() + (std::int64_t{ky / kQuad} * window.filter.w + kx) * kBlock * kQuad +
                 isa_.depthwise_place(c % kBlock, ky % kQuad)] =
              signed_weight(view.in(1), (std::int64_t{ky} * window.filter.w + kx) * window.out_c + c % window.out_c);
  }

  bool fits() const { return table_.fits(); }
  std::int64_t rows() const { return std::int64_t{window_.batches} * window_.out_h; }
  std::size_t scratch_bytes() const {
    return static_cast<std::size_t>(columns_ * row_quads_ * kBlock * kQuad +
                                    kNarrowSlack * (window_.stride.w + 1) * window_.filter.h);
  }

  void run_row(std::int64_t row, const std::uint8_t* x, std::uint8_t* y, std::byte* scratch) const {
    const int i = static_cast<int>(row % window_.out_h);
    const std::int64_t n = row / window_.out_h;
    for (int c = 0; c < window_.out_c; c += kBlock) {
      std::array<const std::uint8_t*, kMaxFilter> rows{};
      for (int ky = 0; ky < window_.filter.h; ++ky) {
        const int at = i * window_.stride.h - window_.pad.top + ky * window_.dilation.h;
        if (at >= 0 && at < window_.in_h)
          rows[static_cast<std::size_t>(ky)] = x + (n * window_.in_h + at) * window_.in_w * window_.in_c + c;
      }
      isa_.depthwise_row({rows.data(), window_.filter.h, window_.filter.w, window_.in_w, window_.out_w,
                          window_.stride.w, window_.dilation.w, window_.pad.left, columns_,
                          std::min(kBlock, window_.out_c - c), window_.out_c, static_cast<std::uint8_t>(operand_.zero),
                          operand_.flip, weights_.as<std::int8_t>() + c / kBlock * block_bytes(), weight_zero_,
                          reinterpret_cast<std::uint8_t*>(scratch), table_.from(c),
                          y + row * window_.out_w * window_.out_c + c});
    }
  }

 private:
  std::int64_t block_bytes() const { return std::int64_t{row_quads_} * window_.filter.w * kBlock * kQuad; }

  const Isa& isa_;
  Window window_;
  int row_quads_, columns_;
  Operand operand_;
  std::int32_t weight_zero_;
  RequantizationTable table_;
  AlignedBytes weights_;
};

}  // namespace

std::optional<Kernel> depthwise_conv2d(const DepthwiseConv2D& op, const NodeView& view, ThreadPool& pool) {
  const Shape& w = view.in(1).shape;
  if (view.in(1).data.empty() || (view.has(2) && view.in(2).data.empty())) return std::nullopt;
  if (op.multiplier != 1 || w[1] > kMaxFilter || view.out().elements() == 0) return std::nullopt;
  const Size2D filter{static_cast<int>(w[1]), static_cast<int>(w[2])};
  const Window window = window_of(view, filter, op.stride, op.dilation, op.padding);
  auto convolution = std::make_shared<const DepthwiseConvolution>(op, view, window);
  if (!convolution->fits()) return std::nullopt;
  const std::size_t scratch = convolution->scratch_bytes();
  return Kernel{[convolution, scratch, &pool](const Buffers& b) {
                  struct Job {
                    const DepthwiseConvolution& convolution;
                    const Buffers& buffers;
                    std::size_t scratch;
                  } job{*convolution, b, scratch};
                  pool.for_ranges(convolution->rows(), [&job](std::int64_t begin, std::int64_t end, int thread) {
                    for (std::int64_t row = begin; row < end; ++row)
                      job.convolution.run_row(row, job.buffers.in<std::uint8_t>(0), job.buffers.out<std::uint8_t>(),
                                              job.buffers.scratch + static_cast<std::size_t>(thread) * job.scratch);
                  });
                },
                scratch * static_cast<std::size_t>(pool.size())};
}

}  // namespace Atoll::int8
