// y[n, o] = f(bias[o] + sum over i of x[n, i] * w[o, i]).
#include "kernels/reference/accumulate.h"
#include "kernels/reference/reference.h"

namespace Atoll::reference {
namespace {

struct Geometry {
  std::int64_t rows = 0, inputs = 0, outputs = 0;
};

template <typename X, typename W, typename Acc, typename Zero, typename Store>
void multiply_matrices(const Geometry& g, const X* x, const W* w, Zero x_zero, Acc w_zero, Store store) {
  for (std::int64_t n = 0; n < g.rows; ++n)
    for (std::int64_t o = 0; o < g.outputs; ++o) {
      Acc acc = 0;
      for (std::int64_t i = 0; i < g.inputs; ++i)
        acc += (static_cast<Acc>(w[o * g.inputs + i]) - w_zero) * (static_cast<Acc>(x[n * g.inputs + i]) - x_zero);
      store(n, o, acc);
    }
}

Kernel float_kernel(const Geometry& g, Activation activation) {
  return {[g, output = FloatOutput{activation_range(activation)}](const Buffers& b) {
    const float* bias = b.in<float>(2);
    float* y = b.out<float>();
    multiply_matrices(g, b.in<float>(0), b.in<float>(1), 0.0f, 0.0f, [&](std::int64_t n, std::int64_t o, float acc) {
      y[n * g.outputs + o] = output(acc, bias ? bias[o] : 0.0f);
    });
  }};
}

// Unlike the convolutions, TFLite's reference layer scales the accumulator in double precision.
template <typename T>
Kernel quantized_kernel(const Geometry& g, Activation activation, const NodeView& view) {
  const Tensor &x = view.in(0), &w = view.in(1), &y = view.out();
  std::vector<double> factors;
  for (const float scale : channel_scales(w, g.outputs))
    factors.push_back(static_cast<double>(scale_of(x)) * static_cast<double>(scale) / static_cast<double>(scale_of(y)));
  const std::int32_t w_zero = w.quantization.per_channel() ? 0 : zero_point_of(w);
  return {[=, x_zero = zero_point_of(x), y_zero = zero_point_of(y),
           range = activation_range(activation, y)](const Buffers& b) {
    const auto* bias = b.in<std::int32_t>(2);
    T* out = b.out<T>();
    multiply_matrices(g, b.in<T>(0), b.in<T>(1), x_zero, w_zero, [&](std::int64_t n, std::int64_t o, std::int32_t acc) {
      const double real =
          static_cast<double>(wrapping_add(acc, bias ? bias[o] : 0)) * factors[static_cast<std::size_t>(o)];
      const double q = std::round(real) + y_zero;
      out[n * g.outputs + o] =
          static_cast<T>(std::clamp(q, static_cast<double>(range.low), static_cast<double>(range.high)));
    });
  }};
}

Kernel hybrid_kernel(const Geometry& g, Activation activation, const NodeView& view) {
  const std::vector<float> scales = channel_scales(view.in(1), g.outputs);
  const bool per_channel = view.in(1).quantization.per_channel();
  return {[=, range = activation_range(activation)](const Buffers& b) {
            auto* q = reinterpret_cast<std::int8_t*>(b.scratch);
            const float* bias = b.in<float>(2);
            for (std::int64_t n = 0; n < g.rows; ++n) {
              const auto inputs = static_cast<std::size_t>(g.inputs);
              const RuntimeQuantization x = quantize_symmetric({b.in<float>(0) + n * g.inputs, inputs}, q);
              float* y = b.out<float>() + n * g.outputs;
              multiply_matrices({1, g.inputs, g.outputs}, q, b.in<std::int8_t>(1), 0, 0,
                                [&](std::int64_t, std::int64_t o, std::int32_t acc) {
                                  const float scale = scales[static_cast<std::size_t>(o)];
                                  const float real = per_channel ? static_cast<float>(acc) * x.scale * scale
                                                                 : static_cast<float>(acc) * (x.scale * scale);
                                  y[o] = std::clamp((bias ? bias[o] : 0.0f) + real, range.low, range.high);
                                });
            }
          },
          static_cast<std::size_t>(g.inputs)};
}

}  // namespace

Kernel fully_connected(const FullyConnected& op, const NodeView& view) {
  const Shape& w = view.in(1).shape;
  const Geometry g{w[1] ? view.in(0).elements() / w[1] : 0, w[1], w[0]};
  switch (arithmetic_of(view)) {
    case Arithmetic::kFloat: return float_kernel(g, op.activation);
    case Arithmetic::kInt8: return quantized_kernel<std::int8_t>(g, op.activation, view);
    case Arithmetic::kUInt8: return quantized_kernel<std::uint8_t>(g, op.activation, view);
    case Arithmetic::kHybrid: return hybrid_kernel(g, op.activation, view);
  }
  reject_types(view);
}

}  // namespace Atoll::reference
