#include <algorithm>
#include <cmath>

#include "kernels/training/fake_quantize.h"

namespace Atoll::training::reference {
namespace {

float unclamped(const FakeQuantization& to, float x) {
  const float steps = x * (1 / to.scale), zero = static_cast<float>(to.zero_point);
  return to.ties_by_q ? std::round(steps + zero) : std::round(steps) + zero;
}

}  // namespace

float fake_quantized(const FakeQuantization& to, float x) {
  return to.scale * (std::clamp(unclamped(to, x), -128.0f, 127.0f) - static_cast<float>(to.zero_point));
}

bool is_clamped(const FakeQuantization& to, float x) {
  const float q = unclamped(to, x);
  return q < -128 || q > 127;
}

}  // namespace Atoll::training::reference
