#include "runtime/drawn_graph.h"

#include <cmath>
#include <cstring>

#include "atoll/error.h"

namespace Atoll::drawn {
namespace {

class Draft {
 public:
  Draft(const Choice& choice, Rng& rng) : choice_(choice), rng_(rng) { graph_.name = choice.op; }

  Graph make() {
    const std::string& op = choice_.op;
    if (op == "conv2d") return conv();
    if (op == "depthwise") return depthwise();
    if (op == "fully_connected") return fully_connected();
    if (op == "add") return binary(Add{activation()});
    if (op == "sub") return binary(Sub{activation()});
    if (op == "mul") return binary(Mul{activation()});
    if (op == "concatenation") return concatenation();
    if (op == "average_pool") return pool<AveragePool2D>();
    if (op == "max_pool") return pool<MaxPool2D>();
    if (op == "mean") return mean();
    if (op == "pad") return pad();
    if (op == "transpose") return transpose();
    if (op == "reshape") return reshape();
    if (op == "softmax") return softmax();
    if (op == "relu") return unary(Relu{}, any());
    if (op == "relu6") return unary(Relu6{}, any());
    if (op == "hard_swish") return unary(HardSwish{}, any());
    if (op == "sigmoid") return unary(Sigmoid{}, probability());
    if (op == "tanh") return unary(Tanh{}, {{1.0f / 128}, {is_uint8() ? 128 : 0}});
    if (op == "quantize") return quantize();
    if (op == "dequantize") return dequantize();
    fail("no draft for '{}'", op);
  }

 private:
  int between(int low, int high) { return low + static_cast<int>(rng_.below(high - low + 1)); }
  bool is_uint8() const { return choice_.numbers == Numbers::kUInt8; }
  bool is_8bit() const { return choice_.numbers == Numbers::kInt8 || is_uint8(); }
  DType dtype() const {
    return choice_.numbers == Numbers::kInt8 ? DType::kInt8 : is_uint8() ? DType::kUInt8 : DType::kFloat32;
  }
  Activation activation() {
    constexpr Activation kAll[] = {Activation::kNone, Activation::kNone, Activation::kRelu, Activation::kRelu6,
                                   Activation::kReluN1To1};
    return kAll[rng_.below(5)];
  }
  Quantization any() { return quantization(static_cast<float>(std::exp(rng_.uniform(-5, -1)))); }
  Quantization quantization(float scale) {
    if (!is_8bit()) return {};
    return {{scale}, {between(0, 255) - (is_uint8() ? 0 : 128)}};
  }
  Quantization probability() {
    return is_8bit() ? Quantization{{1.0f / 256}, {is_uint8() ? 0 : -128}} : Quantization{};
  }

  TensorId activation_tensor(const Shape& shape, const Quantization& q, DType type) {
    return graph_.add_tensor({.name = fmt::format("x{}", graph_.tensors.size()),
                              .shape = shape,
                              .dtype = type,
                              .quantization = type == DType::kFloat32 ? Quantization{} : q});
  }
  TensorId input(const Shape& shape, const Quantization& q) {
    graph_.inputs.push_back(activation_tensor(shape, q, dtype()));
    return graph_.inputs.back();
  }
  template <typename T>
  TensorId constant(const char* name, const Shape& shape, DType type, const Quantization& q, double low, double high) {
    std::vector<T> values(static_cast<std::size_t>(shape.elements()));
    for (T& value : values) {
      const double drawn = rng_.uniform(low, high);
      value = static_cast<T>(std::is_integral_v<T> ? std::floor(drawn) : drawn);
    }
    return graph_.add_tensor(
        {.name = name, .shape = shape, .dtype = type, .quantization = q, .constant = true, .data = Data::of(values)});
  }
  Graph finish(Op op, std::vector<TensorId> inputs, const Quantization& q, DType type) {
    Node node{.name = choice_.op, .op = std::move(op), .inputs = std::move(inputs)};
    const std::vector<Shape> shapes = infer_shapes(graph_, node);
    node.outputs = {activation_tensor(shapes[0], q, type)};
    graph_.tensor(node.outputs[0]).name = "y";
    graph_.outputs = node.outputs;
    graph_.add_node(node);
    verify(graph_);
    return std::move(graph_);
  }
  Graph finish(Op op, std::vector<TensorId> inputs, const Quantization& q) {
    return finish(std::move(op), std::move(inputs), q, dtype());
  }

  // Weights of `channels` along `axis`, `depth` products to an output, and a bias; then the node itself.
  Graph weighted(Op op, TensorId x, const Shape& shape, int axis, std::int64_t channels, std::int64_t depth,
                 bool with_bias, bool per_channel) {
    const float x_scale = is_8bit() ? graph_.tensor(x).quantization.scale[0] : 1.0f;
    std::vector<TensorId> inputs{x};
    Quantization q;
    // As TensorFlow's converter writes a channel that is all but dead: tiny weights, and a bias of 30 bits; or of 32,
    // as ai-edge-quantizer clips it.
    const bool has_dead_channel = choice_.dead_channels && is_8bit() && with_bias && per_channel && between(0, 2) == 0;
    float typical = 1;
    if (choice_.numbers == Numbers::kFloat) {
      // Outputs near the size of the inputs, so that a fused clamp does not hide how large the sums are.
      const double reach = 1.5 / std::sqrt(static_cast<double>(depth));
      inputs.push_back(constant<float>("w", shape, DType::kFloat32, {}, -reach, reach));
    } else {
      const auto base = static_cast<float>(std::exp(rng_.uniform(-6, -3)));
      q.axis = axis;
      for (std::int64_t i = 0; i < (per_channel ? channels : 1); ++i) {
        q.scale.push_back(per_channel ? base * static_cast<float>(rng_.uniform(0.3, 1.5)) : base);
        q.zero_point.push_back(0);
      }
      typical = base;
      if (has_dead_channel) q.scale[0] *= 0x1p-22f;
      if (is_uint8()) {
        q.zero_point[0] = between(90, 160);
        inputs.push_back(constant<std::uint8_t>("w", shape, DType::kUInt8, q, 0, 256));
      } else {
        inputs.push_back(constant<std::int8_t>("w", shape, DType::kInt8, q, -127, 128));
      }
    }
    if (with_bias && !is_8bit()) {
      inputs.push_back(constant<float>("b", Shape{channels}, DType::kFloat32, {}, -1, 1));
    } else if (with_bias) {
      Quantization bias_q{{}, std::vector<std::int32_t>(q.scale.size(), 0), 0};
      for (const float scale : q.scale) bias_q.scale.push_back(scale * x_scale);
      const double reach = 3000 * std::sqrt(static_cast<double>(depth));
      inputs.push_back(constant<std::int32_t>("b", Shape{channels}, DType::kInt32, bias_q, -reach, reach));
      if (has_dead_channel) {
        Tensor& bias = graph_.tensor(inputs.back());
        const std::span<const std::int32_t> drawn = bias.data.as<std::int32_t>();
        std::vector<std::int32_t> values(drawn.begin(), drawn.end());
        constexpr std::int32_t kLargest[] = {1 << 30, -(1 << 30), std::numeric_limits<std::int32_t>::max(),
                                             std::numeric_limits<std::int32_t>::min()};
        values[0] = kLargest[between(0, 3)];
        bias.data = Data::of(values);
      }
    }
    // An output scale at which some values saturate and most do not.
    const double reached = is_8bit() ? x_scale * typical * std::sqrt(static_cast<double>(depth)) * 80 : 1;
    return finish(std::move(op), inputs, quantization(static_cast<float>(reached * rng_.uniform(0.3, 3))));
  }

  // A filter that fits, and its strides, dilation and padding.
  struct Sliding {
    Size2D filter, stride, dilation;
    Padding padding;
  };
  Sliding sliding(const Shape& x, bool dilated) {
    Sliding s;
    s.dilation = dilated ? Size2D{between(1, 2), between(1, 3)} : Size2D{};
    const int h = static_cast<int>(x.h()), w = static_cast<int>(x.w());
    s.filter = {between(1, std::min(5, (h - 1) / s.dilation.h + 1)),
                between(1, std::min(5, (w - 1) / s.dilation.w + 1))};
    s.stride = {between(1, 3), between(1, 3)};
    if (rng_.chance(0.4)) s.stride = {1, 1};
    s.padding = rng_.chance(0.5) ? Padding::same() : Padding::valid();
    if (!choice_.tflite && rng_.chance(0.4))
      s.padding = {Padding::Kind::kExplicit, between(0, s.filter.h - 1), between(0, s.filter.h - 1),
                   between(0, s.filter.w - 1), between(0, s.filter.w - 1)};
    return s;
  }
  Shape image(int max_side, int max_channels) {
    return {between(1, 2), between(1, max_side), between(1, max_side), between(1, max_channels)};
  }

  Graph conv() {
    const int groups = rng_.chance(0.25) ? between(2, 4) : 1;
    Shape shape = image(11, groups > 1 ? 9 : 70);
    shape[3] *= groups;
    const Sliding s = sliding(shape, rng_.chance(0.3));
    const std::int64_t channels = groups * between(1, groups > 1 ? 9 : 70);
    const TensorId x = input(shape, any());
    const std::int64_t depth = s.filter.h * s.filter.w * shape[3] / groups;
    return weighted(Conv2D{s.stride, s.dilation, s.padding, activation(), groups}, x,
                    {channels, s.filter.h, s.filter.w, shape[3] / groups}, 0, channels, depth,
                    choice_.tflite || rng_.chance(0.7), per_channel_convolution(groups, channels));
  }
  bool per_channel_convolution(int groups, std::int64_t channels) {
    if (is_uint8() || channels == 1) return false;
    return choice_.numbers == Numbers::kHybrid && groups > 1 ? true : rng_.chance(0.7);
  }
  Graph depthwise() {
    Shape shape = image(11, 80);
    if (rng_.chance(0.3)) shape[3] = std::int64_t{8} << rng_.below(3);  // numbers that kernels like to treat apart
    const Sliding s = sliding(shape, rng_.chance(0.3));
    const int multiplier = rng_.chance(0.3) ? between(2, 4) : 1;
    const std::int64_t channels = shape[3] * multiplier;
    const TensorId x = input(shape, any());
    const bool per_channel = !is_uint8() && channels > 1 && (choice_.numbers == Numbers::kHybrid || rng_.chance(0.7));
    return weighted(DepthwiseConv2D{s.stride, s.dilation, s.padding, activation(), multiplier}, x,
                    {1, s.filter.h, s.filter.w, channels}, 3, channels, s.filter.h * s.filter.w,
                    choice_.tflite || rng_.chance(0.7), per_channel);
  }
  Graph fully_connected() {
    const std::int64_t inputs = between(1, 300), outputs = between(1, 90);
    const TensorId x = input({between(1, 3), inputs}, any());
    const bool per_channel = !is_uint8() && outputs > 1 && rng_.chance(0.5);
    return weighted(FullyConnected{activation()}, x, {outputs, inputs}, 0, outputs, inputs, rng_.chance(0.8),
                    per_channel);
  }
  Graph binary(Op op) {
    const Shape a_shape = image(6, 70);
    Shape b_shape = a_shape;
    if (rng_.chance(0.4))
      for (int i = 0; i < 4; ++i)
        if (rng_.chance(0.5)) b_shape[i] = 1;
    const bool swap = rng_.chance(0.3);
    const TensorId a = input(swap ? b_shape : a_shape, any()), b = input(swap ? a_shape : b_shape, any());
    double scale = 1;
    if (is_8bit()) {
      const double p = graph_.tensor(a).quantization.scale[0], q = graph_.tensor(b).quantization.scale[0];
      scale = (std::holds_alternative<Mul>(op) ? p * q * 64 : std::max(p, q)) * rng_.uniform(0.4, 2);
    }
    return finish(std::move(op), {a, b}, quantization(static_cast<float>(scale)));
  }
  Graph concatenation() {
    const int axis = between(0, 3);
    Shape shape = image(6, 20);
    const Quantization common = any();
    // LiteRT's int8 kernel wants equal parameters everywhere; its uint8 kernel rescales.
    const auto drawn = [&] { return is_uint8() || !choice_.tflite ? any() : common; };
    std::vector<TensorId> inputs;
    for (int i = 0, n = between(1, 4); i < n; ++i) {
      shape[axis] = between(1, 7);
      inputs.push_back(input(shape, drawn()));
    }
    return finish(Concatenation{axis, Activation::kNone}, inputs, drawn());
  }
  template <typename PoolOp>
  Graph pool() {
    const Shape shape = image(12, 70);
    const Sliding s = sliding(shape, false);
    const Quantization q = any();
    const TensorId x = input(shape, q);
    return finish(PoolOp{s.filter, s.stride, s.padding, activation()}, {x}, q);
  }
  Graph mean() {
    const TensorId x = input(image(9, 40), any());
    Mean op{{1, 2}, rng_.chance(0.5)};
    if (rng_.chance(0.4)) {
      op.axes.clear();
      for (int i = 0; i < 4; ++i)
        if (rng_.chance(0.5)) op.axes.push_back(i);
      if (op.axes.empty()) op.axes = {3};
    }
    return finish(op, {x}, any());
  }
  Graph pad() {
    const Quantization q = any();
    const TensorId x = input(image(6, 20), q);
    Pad op;
    for (int i = 0; i < 4; ++i) {
      op.before.push_back(between(0, 2));
      op.after.push_back(between(0, 2));
    }
    if (!is_8bit() && rng_.chance(0.5)) op.value = static_cast<float>(rng_.uniform(-2, 2));
    return finish(op, {x}, q);
  }
  Graph transpose() {
    const Quantization q = any();
    const TensorId x = input(image(6, 20), q);
    std::vector<int> permutation{0, 1, 2, 3};
    rng_.shuffle(std::span(permutation));
    return finish(Transpose{permutation}, {x}, q);
  }
  Graph reshape() {
    const Quantization q = any();
    const Shape shape = image(6, 20);
    const TensorId x = input(shape, q);
    return finish(Reshape{{shape[0] * shape[1], shape[2] * shape[3]}}, {x}, q);
  }
  Graph softmax() {
    const TensorId x = input({between(1, 3), between(1, 200)}, any());
    return finish(Softmax{rng_.chance(0.7) ? 1.0f : static_cast<float>(rng_.uniform(0.3, 2))}, {x}, probability());
  }
  Graph unary(Op op, const Quantization& out) {
    const TensorId x = input(image(6, 70), any());
    return finish(std::move(op), {x}, out);
  }
  Graph quantize() {
    const Shape shape = image(6, 30);
    const Quantization out = any();
    if (rng_.chance(0.4)) {
      graph_.inputs.push_back(activation_tensor(shape, {}, DType::kFloat32));
      return finish(Quantize{}, {graph_.inputs[0]}, out);
    }
    const bool from_uint8 = rng_.chance(0.5);
    graph_.inputs.push_back(activation_tensor(
        shape, {{out.scale[0] * static_cast<float>(rng_.uniform(0.3, 2))}, {between(0, 255) - (from_uint8 ? 0 : 128)}},
        from_uint8 ? DType::kUInt8 : DType::kInt8));
    return finish(Quantize{}, {graph_.inputs[0]}, out);
  }
  Graph dequantize() {
    const TensorId x = input(image(6, 30), any());
    return finish(Dequantize{}, {x}, {}, DType::kFloat32);
  }

  const Choice& choice_;
  Rng& rng_;
  Graph graph_;
};

}  // namespace

const std::vector<std::string>& ops() {
  static const std::vector<std::string> names{
      "conv2d",        "depthwise",    "fully_connected", "add",        "sub",     "mul",
      "concatenation", "average_pool", "max_pool",        "mean",       "pad",     "transpose",
      "reshape",       "relu",         "relu6",           "hard_swish", "sigmoid", "tanh",
      "softmax",       "quantize",     "dequantize"};
  return names;
}

std::vector<Numbers> numbers_of(const std::string& op) {
  if (op == "conv2d" || op == "depthwise" || op == "fully_connected")
    return {Numbers::kFloat, Numbers::kInt8, Numbers::kUInt8, Numbers::kHybrid};
  if (op == "quantize" || op == "dequantize") return {Numbers::kInt8, Numbers::kUInt8};
  return {Numbers::kFloat, Numbers::kInt8, Numbers::kUInt8};
}

std::string name_of(Numbers numbers) {
  switch (numbers) {
    case Numbers::kFloat: return "float";
    case Numbers::kInt8: return "int8";
    case Numbers::kUInt8: return "uint8";
    case Numbers::kHybrid: return "hybrid";
  }
  return "?";
}

Graph draw(const Choice& choice, Rng& rng) { return Draft(choice, rng).make(); }

std::vector<std::vector<std::byte>> draw_inputs(const Graph& graph, Rng& rng) {
  std::vector<std::vector<std::byte>> inputs;
  for (const TensorId id : graph.inputs) {
    const Tensor& tensor = graph.tensor(id);
    std::vector<std::byte> bytes(tensor.bytes());
    if (tensor.dtype == DType::kFloat32)
      for (std::size_t i = 0; i < bytes.size(); i += 4) {
        const auto value = static_cast<float>(rng.normal() * 2);
        std::memcpy(bytes.data() + i, &value, 4);
      }
    else
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.below(256));
    inputs.push_back(std::move(bytes));
  }
  return inputs;
}

}  // namespace Atoll::drawn
