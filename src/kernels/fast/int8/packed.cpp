#include "kernels/fast/int8/packed.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace Atoll::int8 {

std::int32_t weight_zero(const Tensor& weights) {
  return weights.dtype == DType::kInt8 ? 0 : zero_point_of(weights) - 128;
}

namespace {

// Whether accumulators of up to `reach` stay within 32 bits on their way to the output.
bool quick(const Multiplier& m, std::int64_t reach) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (m.shift > 0) return m.shift < 31 && reach <= kMost >> m.shift;
  const std::int64_t rounding = m.shift < 0 ? std::int64_t{1} << (-m.shift - 1) : 0;
  const std::int64_t high = ((std::min(reach, kMost) * m.fraction) >> 31) + 1;
  return high + rounding <= kMost;
}

}  // namespace

RequantizationTable::RequantizationTable(const NodeView& view, Activation activation, std::int64_t channels,
                                         std::span<const std::int64_t> weight_sums, std::int64_t depth)
    : zero_point_(zero_point_of(view.out())), range_(activation_range(activation, view.out())) {
  const auto padded = static_cast<std::size_t>(round_up(channels, kBlock));
  for (auto* values : {&bias_, &left_, &fraction_, &right_, &half_, &sign_}) values->assign(padded, 0);
  const std::vector<Multiplier> multipliers = output_multipliers(view.in(0), view.in(1), view.out(), channels);
  const std::span<const std::int32_t> bias =
      view.has(2) ? view.in(2).data.as<std::int32_t>() : std::span<const std::int32_t>();
  const std::int64_t zero = Operand(view.in(0)).zero;
  for (std::size_t o = 0; o < static_cast<std::size_t>(channels); ++o) {
    const std::int64_t own = bias.empty() ? 0 : bias[o];
    const Multiplier& m = multipliers[o];
    // What leaves the accumulator is bounded by |bias| + depth * |x - x0| * |w - w0|, or wraps as in TFLite. Channels
    // that are all but dead have biases of 2^30 from TensorFlow's converter, of 2^31 from ai-edge-quantizer.
    const std::int64_t reach = std::abs(own) + depth * 255 * (view.in(1).dtype == DType::kInt8 ? 128 : 255);
    if (!quick(m, reach)) fits_ = false;
    bias_[o] = static_cast<std::int32_t>(own - zero * weight_sums[o]);
    left_[o] = std::max(0, m.shift);
    fraction_[o] = m.fraction;
    right_[o] = std::max(0, -m.shift);
    half_[o] = right_[o] > 0 ? 1 << (right_[o] - 1) : 0;
    sign_[o] = right_[o] > 0 ? -1 : 0;
  }
}

void RequantizationTable::repeat(std::int64_t channels) {
  for (auto* values : {&bias_, &left_, &fraction_, &right_, &half_, &sign_})
    for (std::size_t i = static_cast<std::size_t>(channels); i < values->size(); ++i)
      (*values)[i] = (*values)[i - static_cast<std::size_t>(channels)];
}

Requantization RequantizationTable::from(std::int64_t channel) const {
  return {bias_.data() + channel,
          left_.data() + channel,
          fraction_.data() + channel,
          right_.data() + channel,
          half_.data() + channel,
          sign_.data() + channel,
          zero_point_,
          range_.low,
          range_.high};
}

}  // namespace Atoll::int8
