// y[n, i, j, c * multiplier + m] = f(bias + sum over the filter of x[.., c] * w[.., c * multiplier + m]), NHWC.
#include "kernels/reference/accumulate.h"
#include "kernels/reference/reference.h"
#include "kernels/window.h"

namespace Atoll::reference {
namespace {

// Calls store(n, output index, o, accumulator) for every output.
template <typename X, typename W, typename Acc, typename Zero, typename Store>
void convolve(const Window& window, int multiplier, const X* x, const W* w, Zero x_zero, Acc w_zero, Store store) {
  std::int64_t index = 0;
  for (int n = 0; n < window.batches; ++n)
    for (int i = 0; i < window.out_h; ++i)
      for (int j = 0; j < window.out_w; ++j) {
        const Window::Span rows = window.rows(i), columns = window.columns(j);
        for (int o = 0; o < window.out_c; ++o, ++index) {
          Acc acc = 0;
          for (int ky = rows.begin; ky < rows.end; ++ky)
            for (int kx = columns.begin; kx < columns.end; ++kx) {
              const std::int64_t y_at = rows.origin + ky * window.dilation.h;
              const std::int64_t x_at = columns.origin + kx * window.dilation.w;
              const X value = x[((n * window.in_h + y_at) * window.in_w + x_at) * window.in_c + o / multiplier];
              const W weight = w[(std::int64_t{ky} * window.filter.w + kx) * window.out_c + o];
              acc += (static_cast<Acc>(weight) - w_zero) * (static_cast<Acc>(value) - x_zero(n));
            }
          store(n, index, o, acc);
        }
      }
}

template <typename T>
Kernel quantized_conv(const Window& window, const DepthwiseConv2D& op, const NodeView& view) {
  const std::int32_t x_zero = zero_point_of(view.in(0));
  const std::int32_t w_zero =
      std::is_signed_v<T> || view.in(1).quantization.per_channel() ? 0 : zero_point_of(view.in(1));
  return {
      [=, multiplier = op.multiplier, output = QuantizedOutput(view, op.activation, window.out_c)](const Buffers& b) {
        const auto* bias = b.in<std::int32_t>(2);
        T* y = b.out<T>();
        convolve(
            window, multiplier, b.in<T>(0), b.in<T>(1), [=](int) { return x_zero; }, w_zero,
            [&](int, std::int64_t at, int o, std::int32_t acc) {
              y[at] = static_cast<T>(output(wrapping_add(acc, bias ? bias[o] : 0), static_cast<std::size_t>(o)));
            });
      }};
}

Kernel float_conv(const Window& window, const DepthwiseConv2D& op) {
  return {[=, multiplier = op.multiplier, output = FloatOutput{activation_range(op.activation)}](const Buffers& b) {
    const float* bias = b.in<float>(2);
    float* y = b.out<float>();
    convolve(
        window, multiplier, b.in<float>(0), b.in<float>(1), [](int) { return 0.0f; }, 0.0f,
        [&](int, std::int64_t at, int o, float acc) { y[at] = output(acc, bias ? bias[o] : 0.0f); });
  }};
}

Kernel hybrid_conv(const Window& window, const DepthwiseConv2D& op, const NodeView& view) {
  const std::vector<float> scales = channel_scales(view.in(1), window.out_c);
  const auto image = static_cast<std::size_t>(view.in(0).elements() / std::max(1, window.batches));
  const auto batches = static_cast<std::size_t>(window.batches);
  return {[=, multiplier = op.multiplier, range = activation_range(op.activation)](const Buffers& b) {
            auto* parameters = reinterpret_cast<RuntimeQuantization*>(b.scratch);
            auto* q = reinterpret_cast<std::int8_t*>(b.scratch + batches * sizeof(RuntimeQuantization));
            for (std::size_t n = 0; n < batches; ++n)
              parameters[n] = quantize_asymmetric({b.in<float>(0) + n * image, image}, q + n * image);
            const float* bias = b.in<float>(2);
            float* y = b.out<float>();
            convolve(
                window, multiplier, q, b.in<std::int8_t>(1), [&](int n) { return parameters[n].zero_point; },
                std::int32_t{0},
                [&](int n, std::int64_t at, int o, std::int32_t acc) {
                  const float factor = scales[static_cast<std::size_t>(o)] * parameters[n].scale;
                  y[at] = std::clamp(static_cast<float>(acc) * factor + (bias ? bias[o] : 0.0f), range.low, range.high);
                });
          },
          image * batches + batches * sizeof(RuntimeQuantization)};
}

}  // namespace

Kernel depthwise_conv2d(const DepthwiseConv2D& op, const NodeView& view) {
  const Shape& w = view.in(1).shape;
  const Size2D filter{static_cast<int>(w[1]), static_cast<int>(w[2])};
  const Window window = window_of(view, filter, op.stride, op.dilation, op.padding);
  switch (arithmetic_of(view)) {
    case Arithmetic::kFloat: return float_conv(window, op);
    case Arithmetic::kInt8: return quantized_conv<std::int8_t>(window, op, view);
    case Arithmetic::kUInt8: return quantized_conv<std::uint8_t>(window, op, view);
    case Arithmetic::kHybrid: return hybrid_conv(window, op, view);
  }
  reject_types(view);
}

}  // namespace Atoll::reference
