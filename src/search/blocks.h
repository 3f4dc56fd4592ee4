// The blocks of which searched networks are made: a convolution with batch norm and activation, and the inverted
// bottlenecks of MobileNetV2 (depthwise), EfficientNet-EdgeTPU (fused) and MobileNetEdgeTPU-V2 (grouped), with
// squeeze-and-excitation where it is asked for.
#pragma once

#include <string_view>

#include "atoll/builder.h"

namespace Atoll {

class BlockWriter {
 public:
  BlockWriter(GraphBuilder& builder, Op activation) : b_(builder), activation_(std::move(activation)) {}

  struct Block {
    int kernel = 3, stride = 1;
    int expansion = 1;   // of the input's channels
    int channels = 0;    // of the output
    bool skip = true;    // adds the input where stride is 1 and the channels agree
    double squeeze = 0;  // squeeze-and-excitation's share of the input's channels; 0: none
  };
  TensorId conv(TensorId x, int channels, int kernel, int stride, bool activated, std::string_view name);
  TensorId fused(TensorId x, const Block& block);
  TensorId depthwise(TensorId x, const Block& block);
  TensorId plain(TensorId x, const Block& block);
  // 1x1 convolution, k x k convolution in groups, 1x1 convolution back. The Edge TPU has no grouped convolution, so
  // each group is a branch of ordinary ones; all together they are concatenated.
  TensorId grouped(TensorId x, const Block& block);
  // Of 64 channels where there are so many, but two to four where they divide `channels`.
  static int groups_of(int channels);

 private:
  TensorId norm(TensorId x, bool activated, std::string_view name);
  TensorId squeeze_excite(TensorId input, TensorId x, const Block& block);
  TensorId join(TensorId input, TensorId x, const Block& block);
  int expanded(TensorId x, const Block& block) const { return static_cast<int>(b_.shape(x).c()) * block.expansion; }

  GraphBuilder& b_;
  Op activation_;
};

}  // namespace Atoll
