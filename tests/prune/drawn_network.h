// Drawn networks with everything that ties channels: shortcuts, concatenations, gates, depthwise layers,
// padding, flattening.
#pragma once

#include <string>

#include "atoll/builder.h"
#include "atoll/random.h"

namespace Atoll::test {

inline TensorId drawn_block(GraphBuilder& b, TensorId x, Rng& rng, bool normalize) {
  const auto layer = [&](TensorId y, const std::string& name) {
    if (normalize) y = b.batch_norm(y, name + "/norm");
    return y;
  };
  const int width = static_cast<int>(b.shape(x).c());
  switch (rng.below(6)) {
    case 0: {  // shortcut around an expansion
      const int wide = width + 1 + static_cast<int>(rng.below(6));
      TensorId y = b.node("relu", Relu{}, {layer(b.conv2d(x, wide, 1, {.bias = !normalize}, "expand"), "expand")});
      y = b.node("relu6", Relu6{}, {layer(b.depthwise(y, 3, {.bias = !normalize}, "depthwise"), "depthwise")});
      y = layer(b.conv2d(y, width, 1, {.bias = !normalize}, "project"), "project");
      return b.node("add", Add{.activation = rng.chance(0.5) ? Activation::kRelu : Activation::kNone}, {x, y});
    }
    case 1: {  // branches side by side
      const TensorId p = layer(b.conv2d(x, 2 + static_cast<int>(rng.below(5)), 1, {.bias = true}, "left"), "left");
      const TensorId q = b.conv2d(x, 2 + static_cast<int>(rng.below(5)), 3, {.bias = true}, "right");
      return b.node("concat", Concatenation{}, {p, b.node("right/relu", Relu{}, {q}), x});
    }
    case 2: {  // squeeze and excitation
      TensorId s = b.node("squeeze", Mean{.axes = {1, 2}, .keep_dims = true}, {x});
      s = b.conv2d(s, 3, 1, {.activation = Activation::kRelu, .bias = true}, "reduce");
      s = b.node("gate", Sigmoid{}, {b.conv2d(s, width, 1, {.bias = true}, "widen")});
      return b.node("excite", Mul{}, {x, s});
    }
    case 3: {  // a depthwise layer with several outputs a channel
      const TensorId y = b.depthwise(x, Size2D{3, 3}, {.activation = Activation::kRelu, .bias = true}, "multiplied", 2);
      return b.conv2d(y, 5, 1, {.bias = true}, "mix");
    }
    case 4: {  // channels padded with zeros, as in old shortcuts
      const TensorId y = b.conv2d(x, width + 3, 3, {.bias = true}, "wider");
      const TensorId p = b.node("pad", Pad{{0, 0, 0, 1}, {0, 0, 0, 2}, 0}, {x});
      return b.node("sum", Add{}, {y, p});
    }
    default:
      return b.node("pool", MaxPool2D{.filter = {2, 2}, .stride = {1, 1}, .padding = Padding::same()},
                    {b.conv2d(x, 4 + static_cast<int>(rng.below(5)), 3, {.bias = true, .groups = 1}, "plain")});
  }
}

inline Graph drawn_network(std::uint64_t seed) {
  Rng rng(seed);
  GraphBuilder b("drawn" + std::to_string(seed));
  TensorId x = b.input({1, 6, 5, 2});
  x = b.node("stem/relu", Relu{}, {b.batch_norm(b.conv2d(x, 6, 3, {}, "stem"), "stem/norm")});
  const int blocks = 2 + static_cast<int>(rng.below(4));
  for (int i = 0; i < blocks; ++i) {
    const auto scope = b.scope("block" + std::to_string(i));
    x = drawn_block(b, x, rng, rng.chance(0.5));
  }
  if (rng.chance(0.5)) {
    x = b.node("mean", Mean{}, {x});
  } else {
    const Shape& s = b.shape(x);
    x = b.node("flatten", Reshape{{1, s.h() * s.w() * s.c()}}, {x});
  }
  x = b.node("hidden/relu", Relu{}, {b.fully_connected(x, 7, "hidden")});
  return b.build({b.fully_connected(x, 3, "logits")});
}

}  // namespace Atoll::test
