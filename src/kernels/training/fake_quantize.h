// Fake quantization to int8: float values as the int8 network will have them, and its gradient, straight
// through inside of the range. One thread each.
#pragma once

#include <cstdint>

namespace Atoll::training {

// q = clamp(round(x / scale) + zero_point, -128, 127);  y = scale * (q - zero_point)
// Ties go away from zero; of x / scale, as in TFLite's requantization, or, with `ties_by_q`, of the integer q itself,
// as in its average pooling.
struct FakeQuantization {
  float scale = 1;
  std::int32_t zero_point = 0;
  bool ties_by_q = false;
};

// y may be x.
void fake_quantize(const FakeQuantization& to, std::int64_t n, const float* x, float* y);
// gx = gy where x is not clamped, else 0; gx may be gy.
void fake_quantize_gradient(const FakeQuantization& to, std::int64_t n, const float* x, const float* gy, float* gx);

struct Extremes {
  float low = 0, high = 0;  // 0 is among the values
};
Extremes extremes(std::int64_t n, const float* x);

namespace reference {
float fake_quantized(const FakeQuantization& to, float x);
bool is_clamped(const FakeQuantization& to, float x);
}  // namespace reference

}  // namespace Atoll::training
