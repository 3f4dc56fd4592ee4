// y[n, i, j, o] = f(bias[o] + sum over the filter and the channels of o's group of x * w), NHWC and OHWI.
#include "kernels/reference/accumulate.h"
#include "kernels/reference/reference.h"
#include "kernels/window.h"

namespace Atoll::reference {
namespace {

struct Geometry {
  Window window;
  int group_in = 0, group_out = 0;  // channels of one group
};

// Calls store(n, output index, o, accumulator) for every output.
template <typename X, typename W, typename Acc, typename Zero, typename Store>
void convolve(const Geometry& g, const X* x, const W* w, Zero x_zero, Acc w_zero, Store store) {
  const Window& window = g.window;
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
              const X* pixel =
                  x + ((n * window.in_h + y_at) * window.in_w + x_at) * window.in_c + o / g.group_out * g.group_in;
              const W* filter = w + ((std::int64_t{o} * window.filter.h + ky) * window.filter.w + kx) * g.group_in;
              for (int c = 0; c < g.group_in; ++c)
                acc += (static_cast<Acc>(filter[c]) - w_zero) * (static_cast<Acc>(pixel[c]) - x_zero(n));
            }
          store(n, index, o, acc);
        }
      }
}

Kernel float_conv(const Geometry& g, Activation activation) {
  return {[g, output = FloatOutput{activation_range(activation)}](const Buffers& b) {
    const float* bias = b.in<float>(2);
    float* y = b.out<float>();
    convolve(
        g, b.in<float>(0), b.in<float>(1), [](int) { return 0.0f; }, 0.0f,
        [&](int, std::int64_t at, int o, float acc) { y[at] = output(acc, bias ? bias[o] : 0.0f); });
  }};
}

template <typename T>
Kernel quantized_conv(const Geometry& g, Activation activation, const NodeView& view) {
  const std::int32_t x_zero = zero_point_of(view.in(0));
  const std::int32_t w_zero = view.in(1).quantization.per_channel() ? 0 : zero_point_of(view.in(1));
  return {[g, x_zero, w_zero, output = QuantizedOutput(view, activation, g.window.out_c)](const Buffers& b) {
    const auto* bias = b.in<std::int32_t>(2);
    T* y = b.out<T>();
    // int8 weights are symmetric by TFLite's specification, whatever their zero point says.
    convolve(
        g, b.in<T>(0), b.in<T>(1), [=](int) { return x_zero; }, std::is_signed_v<T> ? 0 : w_zero,
        [&](int, std::int64_t at, int o, std::int32_t acc) {
          y[at] = static_cast<T>(output(wrapping_add(acc, bias ? bias[o] : 0), static_cast<std::size_t>(o)));
        });
  }};
}

Kernel hybrid_conv(const Geometry& g, const Conv2D& op, const NodeView& view) {
  const std::vector<float> scales = channel_scales(view.in(1), g.window.out_c);
  // TFLite quantizes x asymmetrically only where the weights' scales differ or the convolution is grouped.
  const bool asymmetric =
      op.groups != 1 || std::any_of(scales.begin(), scales.end(), [&](float s) { return s != scales[0]; });
  const auto image = static_cast<std::size_t>(view.in(0).elements() / std::max(1, g.window.batches));
  const auto batches = static_cast<std::size_t>(g.window.batches);
  const std::size_t scratch = image * batches + batches * sizeof(RuntimeQuantization) + alignof(RuntimeQuantization);
  return {[=, range = activation_range(op.activation)](const Buffers& b) {
            auto* parameters = reinterpret_cast<RuntimeQuantization*>(b.scratch);
            auto* q = reinterpret_cast<std::int8_t*>(b.scratch + batches * sizeof(RuntimeQuantization));
            for (std::size_t n = 0; n < batches; ++n) {
              const std::span<const float> x(b.in<float>(0) + n * image, image);
              parameters[n] = asymmetric ? quantize_asymmetric(x, q + n * image) : quantize_symmetric(x, q + n * image);
            }
            const float* bias = b.in<float>(2);
            float* y = b.out<float>();
            convolve(
                g, q, b.in<std::int8_t>(1), [&](int n) { return parameters[n].zero_point; }, std::int32_t{0},
                [&](int n, std::int64_t at, int o, std::int32_t acc) {
                  const float real =
                      static_cast<float>(acc) * scales[static_cast<std::size_t>(o)] * parameters[n].scale;
                  y[at] = std::clamp(real + (bias ? bias[o] : 0.0f), range.low, range.high);
                });
          },
          scratch};
}

}  // namespace

Kernel conv2d(const Conv2D& op, const NodeView& view) {
  const Shape& w = view.in(1).shape;
  const Size2D filter{static_cast<int>(w[1]), static_cast<int>(w[2])};
  const Geometry g{window_of(view, filter, op.stride, op.dilation, op.padding), static_cast<int>(w[3]),
                   static_cast<int>(w[0]) / op.groups};
  switch (arithmetic_of(view)) {
    case Arithmetic::kFloat: return float_conv(g, op.activation);
    case Arithmetic::kInt8: return quantized_conv<std::int8_t>(g, op.activation, view);
    case Arithmetic::kUInt8: return quantized_conv<std::uint8_t>(g, op.activation, view);
    case Arithmetic::kHybrid: return hybrid_conv(g, op, view);
  }
  reject_types(view);
}

}  // namespace Atoll::reference
