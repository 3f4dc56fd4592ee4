#include "kernels/training/fake_quantize.h"

#include "kernels/training/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/training/fake_quantize.cpp"
// clang-format off: foreach_target.h must come first
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace Atoll::training {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using One = hn::CappedTag<float, 1>;

template <typename Body>
HWY_INLINE void for_each_vector_of(std::int64_t n, const Body& body) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) body(d, i);
  for (; i < n; ++i) body(One(), i);
}

template <class DD>
HWY_INLINE hn::Vec<DD> unclamped(DD d, const FakeQuantization& to, hn::Vec<DD> x) {
  const auto zero = hn::Set(d, static_cast<float>(to.zero_point));
  const auto steps = hn::Mul(x, hn::Set(d, 1 / to.scale));
  const auto value = to.ties_by_q ? hn::Add(steps, zero) : steps;
  const auto rounded = hn::Trunc(hn::Add(value, hn::CopySign(hn::Set(d, 0.5f), value)));
  return to.ties_by_q ? rounded : hn::Add(rounded, zero);
}

void quantize_values(const FakeQuantization& to, std::int64_t n, const float* x, float* y) {
  for_each_vector_of(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto q = hn::Min(hn::Max(unclamped(d, to, hn::LoadU(d, x + i)), hn::Set(d, -128.0f)), hn::Set(d, 127.0f));
    const auto steps = hn::Sub(q, hn::Set(d, static_cast<float>(to.zero_point)));
    hn::StoreU(hn::Mul(hn::Set(d, to.scale), steps), d, y + i);
  });
}

void quantize_gradient(const FakeQuantization& to, std::int64_t n, const float* x, const float* gy, float* gx) {
  for_each_vector_of(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto q = unclamped(d, to, hn::LoadU(d, x + i));
    const auto inside = hn::And(hn::Ge(q, hn::Set(d, -128.0f)), hn::Le(q, hn::Set(d, 127.0f)));
    hn::StoreU(hn::IfThenElseZero(inside, hn::LoadU(d, gy + i)), d, gx + i);
  });
}

Extremes extremes_of(std::int64_t n, const float* x) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto low = hn::Zero(d), high = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  Extremes result{hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high))};
  for (; i < n; ++i) {
    result.low = x[i] < result.low ? x[i] : result.low;
    result.high = x[i] > result.high ? x[i] : result.high;
  }
  return result;
}

}  // namespace HWY_NAMESPACE
}  // namespace Atoll::training
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace Atoll::training {

HWY_EXPORT(quantize_values);
HWY_EXPORT(quantize_gradient);
HWY_EXPORT(extremes_of);

void fake_quantize(const FakeQuantization& to, std::int64_t n, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(quantize_values)(to, n, x, y);
}
void fake_quantize_gradient(const FakeQuantization& to, std::int64_t n, const float* x, const float* gy, float* gx) {
  HWY_DYNAMIC_DISPATCH(quantize_gradient)(to, n, x, gy, gx);
}
Extremes extremes(std::int64_t n, const float* x) { return HWY_DYNAMIC_DISPATCH(extremes_of)(n, x); }

}  // namespace Atoll::training
#endif
