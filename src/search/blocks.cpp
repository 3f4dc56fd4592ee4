#include "search/blocks.h"

#include <algorithm>
#include <string>
#include <vector>

namespace Atoll {

TensorId BlockWriter::norm(TensorId x, bool activated, std::string_view name) {
  x = b_.batch_norm(x, std::string(name) + "/norm");
  return activated ? b_.node(std::string(name) + "/activation", activation_, {x}) : x;
}

TensorId BlockWriter::conv(TensorId x, int channels, int kernel, int stride, bool activated, std::string_view name) {
  return norm(b_.conv2d(x, channels, kernel, {.stride = stride}, name), activated, name);
}

// Hu et al., arXiv 1709.01507: every channel times a gate that sees the mean of all.
TensorId BlockWriter::squeeze_excite(TensorId input, TensorId x, const Block& block) {
  if (block.squeeze <= 0) return x;
  const auto channels = static_cast<int>(b_.shape(x).c());
  const int squeezed = std::max(1, static_cast<int>(block.squeeze * static_cast<double>(b_.shape(input).c())));
  TensorId gate = b_.node("squeeze/mean", Mean{.axes = {1, 2}, .keep_dims = true}, {x});
  gate = b_.conv2d(gate, squeezed, 1, {.bias = true}, "squeeze/reduce");
  gate = b_.node("squeeze/activation", activation_, {gate});
  gate = b_.conv2d(gate, channels, 1, {.bias = true}, "squeeze/expand");
  return b_.node("squeeze/scale", Mul{}, {x, b_.node("squeeze/gate", Sigmoid{}, {gate})});
}

TensorId BlockWriter::join(TensorId input, TensorId x, const Block& block) {
  const bool same = block.stride == 1 && b_.shape(input).c() == block.channels;
  return block.skip && same ? b_.node("add", Add{}, {x, input}) : x;
}

// The stride sits on the k x k convolution, where EfficientNet-EdgeTPU's code has had it since December 2020.
TensorId BlockWriter::fused(TensorId x, const Block& block) {
  TensorId wide = conv(x, expanded(x, block), block.kernel, block.stride, true, "expand");
  wide = squeeze_excite(x, wide, block);
  return join(x, conv(wide, block.channels, 1, 1, false, "project"), block);
}

TensorId BlockWriter::depthwise(TensorId x, const Block& block) {
  TensorId wide = x;
  if (block.expansion != 1) wide = conv(x, expanded(x, block), 1, 1, true, "expand");
  wide = norm(b_.depthwise(wide, block.kernel, {.stride = block.stride}, "depthwise"), true, "depthwise");
  wide = squeeze_excite(x, wide, block);
  return join(x, conv(wide, block.channels, 1, 1, false, "project"), block);
}

int BlockWriter::groups_of(int channels) {
  constexpr int kGroup = 64;
  int groups = std::clamp(channels / kGroup, 2, 4);
  while (channels % groups != 0) --groups;
  return groups;
}

TensorId BlockWriter::grouped(TensorId x, const Block& block) {
  const int wide_channels = expanded(x, block), groups = groups_of(wide_channels);
  std::vector<TensorId> parts;
  for (int i = 0; i < groups; ++i) {
    const auto scope = b_.scope("group" + std::to_string(i + 1));
    const TensorId part = conv(x, wide_channels / groups, 1, 1, true, "expand");
    parts.push_back(conv(part, wide_channels / groups, block.kernel, block.stride, true, "conv"));
  }
  TensorId wide = groups == 1 ? parts[0] : b_.node("concat", Concatenation{}, parts);
  wide = squeeze_excite(x, wide, block);
  return join(x, conv(wide, block.channels, 1, 1, false, "project"), block);
}

TensorId BlockWriter::plain(TensorId x, const Block& block) {
  const TensorId y = conv(x, block.channels, block.kernel, block.stride, true, "conv");
  return join(x, squeeze_excite(x, y, block), block);
}

}  // namespace Atoll
