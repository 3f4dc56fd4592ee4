// The makers of the layers, by op; make_layer chooses among them.
#pragma once

#include "kernels/training/elementwise.h"
#include "train/cpu/layer.h"

namespace Atoll::training::cpu {

std::unique_ptr<Layer> make_convolution(const Conv2D& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_depthwise(const DepthwiseConv2D& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_fully_connected(const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_batch_norm(const BatchNorm& op, const LayerSpec& spec, const LayerContext& context);

std::unique_ptr<Layer> make_fake_quantize(const LayerSpec& spec, const LayerContext& context);

std::unique_ptr<Layer> make_function(training::Function function, const LayerSpec& spec, const LayerContext& context);
// The activation of an op that cannot fuse it here, applied in place.
std::unique_ptr<Layer> make_clamp(Activation activation, const LayerSpec& spec, const LayerContext& context);

enum class Arithmetic : std::uint8_t { kAdd, kSub, kMul };
std::unique_ptr<Layer> make_arithmetic(Arithmetic arithmetic, const LayerSpec& spec, const LayerContext& context);

struct Window {
  Size2D filter, stride;
  Padding padding;
};
std::unique_ptr<Layer> make_average_pool(const AveragePool2D& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_max_pool(const MaxPool2D& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_mean(const Mean& op, const LayerSpec& spec, const LayerContext& context);

std::unique_ptr<Layer> make_concatenation(const Concatenation& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_pad(const Pad& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_reshape(const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_transpose(const Transpose& op, const LayerSpec& spec, const LayerContext& context);
std::unique_ptr<Layer> make_dropout(const Dropout& op, const LayerSpec& spec, const LayerContext& context);

}  // namespace Atoll::training::cpu
