// The variables of Google's EfficientNet-EdgeTPU-S checkpoint, by its published block strings, with made-up values.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "atoll/weights.h"

namespace Atoll::format_test {

class Variables {
 public:
  explicit Variables(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(const std::string& name, const Shape& shape) {
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    for (float& value : values) value = static_cast<float>(count_++ % 1000);
    tensors.push_back({prefix_ + name, shape, std::move(values)});
  }
  void norm(const std::string& scope, std::int64_t channels) {
    for (const char* part : {"gamma", "beta", "moving_mean", "moving_variance"}) add(scope + "/" + part, {channels});
  }
  NamedTensor& at(const std::string& name) {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == prefix_ + name; });
  }
  void erase(const std::string& name) {
    std::erase_if(tensors, [&](const auto& t) { return t.name == prefix_ + name; });
  }

  std::vector<NamedTensor> tensors;

 private:
  std::string prefix_;
  int count_ = 0;
};

// EfficientNet-EdgeTPU-S by its published block strings: r1_k3_s11_e4_i24_o24_c1_noskip, r2_k3_s22_e8_i24_o32_c1,
// r4_k3_s22_e8_i32_o48_c1, r5_k5_s22_e8_i48_o96, r4_k5_s11_e8_i96_o144, r2_k5_s22_e8_i144_o192.
inline Variables edgetpu_s() {
  Variables v("efficientnet-edgetpu-S/");
  v.add("stem/conv2d/kernel", {3, 3, 3, 32});
  v.norm("stem/tpu_batch_normalization", 32);
  struct Stage {
    int repeats, kernel, expand, in, out;
    bool fused;
  };
  int block = 0;
  std::int64_t channels = 32;
  for (const Stage& s :
       {Stage{1, 3, 4, 24, 24, true}, Stage{2, 3, 8, 24, 32, true}, Stage{4, 3, 8, 32, 48, true},
        Stage{5, 5, 8, 48, 96, false}, Stage{4, 5, 8, 96, 144, false}, Stage{2, 5, 8, 144, 192, false}}) {
    for (int i = 0; i < s.repeats; ++i, ++block) {
      const std::string scope = fmt::format("blocks_{}/", block);
      const std::int64_t expanded = (i == 0 ? s.in : s.out) * s.expand, k = s.kernel;
      v.add(scope + "conv2d/kernel", s.fused ? Shape{k, k, channels, expanded} : Shape{1, 1, channels, expanded});
      v.norm(scope + "tpu_batch_normalization", expanded);
      if (!s.fused) {
        v.add(scope + "depthwise_conv2d/depthwise_kernel", {k, k, expanded, 1});
        v.norm(scope + "tpu_batch_normalization_1", expanded);
      }
      v.add(scope + "conv2d_1/kernel", {1, 1, expanded, s.out});
      v.norm(scope + (s.fused ? "tpu_batch_normalization_1" : "tpu_batch_normalization_2"), s.out);
      channels = s.out;
    }
  }
  v.add("head/conv2d/kernel", {1, 1, 192, 1280});
  v.norm("head/tpu_batch_normalization", 1280);
  v.add("head/dense/kernel", {1280, 1001});
  v.add("head/dense/bias", {1001});
  return v;
}

}  // namespace Atoll::format_test
