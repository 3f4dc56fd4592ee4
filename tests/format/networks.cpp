#include "format/networks.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>

#include "atoll/builder.h"
#include "atoll/model.h"

namespace Atoll::format_test {
namespace {

template <typename T>
Data drawn_integers(std::int64_t count, Rng& rng, std::int64_t low, std::int64_t high) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = static_cast<T>(low + rng.below(high - low + 1));
  return Data::of(values);
}

Data drawn(const Tensor& tensor, Rng& rng) {
  switch (tensor.dtype) {
    case DType::kFloat32: {
      std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
      for (float& value : values) value = static_cast<float>(rng.uniform(-0.5, 0.5));
      return Data::of(values);
    }
    case DType::kInt8: return drawn_integers<std::int8_t>(tensor.elements(), rng, -127, 127);
    case DType::kUInt8: return drawn_integers<std::uint8_t>(tensor.elements(), rng, 0, 255);
    case DType::kInt32: return drawn_integers<std::int32_t>(tensor.elements(), rng, -2000, 2000);
    // Half precision: sign and exponents of numbers below one.
    case DType::kFloat16: return drawn_integers<std::uint16_t>(tensor.elements(), rng, 0x2000, 0x3800);
    default: fail("no values are drawn for {}", name_of(tensor.dtype));
  }
}

bool takes_weights(const Op& op) {
  return std::holds_alternative<Conv2D>(op) || std::holds_alternative<DepthwiseConv2D>(op) ||
         std::holds_alternative<FullyConnected>(op);
}

int channel_axis(const Op& op) { return std::holds_alternative<DepthwiseConv2D>(op) ? 3 : 0; }

Quantization per_channel(std::int64_t channels, int axis, float first) {
  Quantization q{.axis = axis};
  for (std::int64_t c = 0; c < channels; ++c) {
    q.scale.push_back(first * static_cast<float>(1 + c % 3));
    q.zero_point.push_back(0);
  }
  return q;
}

// The shape of the classifier, without values.
Graph classifier_shape() {
  GraphBuilder b("classifier");
  TensorId x = b.input({1, 9, 9, 3});
  x = b.conv2d(x, 8, 3, {.stride = 2, .activation = Activation::kRelu6, .bias = true}, "stem");
  const TensorId skip = x;
  x = b.depthwise(x, 3, {.activation = Activation::kRelu, .bias = true}, "depthwise");
  x = b.conv2d(x, 8, 1, {.bias = true}, "project");
  x = b.node("sum", Add{}, {x, skip});
  x = b.node("pool", AveragePool2D{.filter = {5, 5}, .stride = {1, 1}, .padding = Padding::valid()}, {x});
  x = b.node("flat", Reshape{.shape = {1, 8}}, {x});
  x = b.fully_connected(x, 4, "logits");
  return b.build({b.node("scores", Softmax{}, {x})});
}

}  // namespace

void fill_constants(Graph& graph, std::uint64_t seed) {
  Rng rng(seed);
  for (Tensor& tensor : graph.tensors)
    if (tensor.constant && tensor.data.empty()) tensor.data = drawn(tensor, rng);
}

Graph every_op(std::uint64_t seed) {
  GraphBuilder b("every_op");
  TensorId x = b.input({1, 16, 16, 4});
  x = b.conv2d(x, 8, 3, {.stride = 2, .activation = Activation::kRelu6, .bias = true}, "conv");
  x = b.conv2d(x, 8, {1, 3}, {.dilation = 2, .activation = Activation::kReluN1To1, .bias = true}, "dilated");
  x = b.conv2d(x, 8, 3, {.padding = Padding::valid(), .bias = true, .groups = 2}, "grouped");
  x = b.depthwise(x, {3, 1}, {.activation = Activation::kRelu, .bias = true}, "depthwise", 2);
  const TensorId relu = b.node("relu", Relu{}, {x});
  const TensorId relu6 = b.node("relu6", Relu6{}, {x});
  x = b.node("add", Add{.activation = Activation::kRelu}, {relu, relu6});
  x = b.node("sub", Sub{.activation = Activation::kRelu6}, {x, relu});
  x = b.node("mul", Mul{}, {x, b.node("gate", Sigmoid{}, {relu})});
  x = b.node("hard_swish", HardSwish{}, {x});
  x = b.node("tanh", Tanh{}, {x});
  x = b.node("pad", Pad{.before = {0, 1, 0, 0}, .after = {0, 2, 1, 0}}, {x});
  x = b.node("pad_value", Pad{.before = {0, 0, 0, 0}, .after = {0, 0, 1, 0}, .value = -2.5f}, {x});
  const TensorId average = b.node("average", AveragePool2D{.filter = {2, 3}, .stride = {2, 1}}, {x});
  const TensorId most =
      b.node("most", MaxPool2D{.filter = {2, 3}, .stride = {2, 1}, .activation = Activation::kRelu}, {x});
  x = b.node("join", Concatenation{.axis = 3}, {average, most});
  x = b.node("transpose", Transpose{.permutation = {0, 2, 1, 3}}, {x});
  x = b.node("mean", Mean{.axes = {1, 2}, .keep_dims = true}, {x});
  x = b.node("flat", Reshape{.shape = {1, 32}}, {x});
  x = b.fully_connected(x, 6, "hidden", false);
  x = b.fully_connected(x, 5, "logits");
  Graph graph = b.build({b.node("scores", Softmax{.beta = 0.5f}, {x})});
  fill_constants(graph, seed);
  return graph;
}

Graph classifier(std::uint64_t seed) {
  Graph graph = classifier_shape();
  fill_constants(graph, seed);
  return graph;
}

Graph quantized_classifier(DType type, std::uint64_t seed) {
  Graph graph = classifier_shape();
  graph.name = "quantized";
  const int zero = type == DType::kInt8 ? -1 : 127;
  graph.tensor(graph.inputs[0]).dtype = type;
  graph.tensor(graph.inputs[0]).quantization = {.scale = {1.0f / 128}, .zero_point = {zero}};
  float scale = 0.03125f;
  for (Node& node : graph.nodes) {
    const Quantization in = graph.tensor(node.inputs[0]).quantization;
    Tensor& out = graph.tensor(node.outputs[0]);
    out.dtype = type;
    out.quantization = {.scale = {scale *= 1.25f}, .zero_point = {zero}};
    const bool keeps = std::holds_alternative<AveragePool2D>(node.op) || std::holds_alternative<Reshape>(node.op);
    if (keeps) out.quantization = in;
    if (std::holds_alternative<Softmax>(node.op))
      out.quantization = {.scale = {1.0f / 256}, .zero_point = {type == DType::kInt8 ? -128 : 0}};
    if (!takes_weights(node.op)) continue;
    Tensor &weights = graph.tensor(node.inputs[1]), &bias = graph.tensor(node.inputs[2]);
    weights.dtype = type;
    const bool by_channel = type == DType::kInt8 && !std::holds_alternative<FullyConnected>(node.op);
    const int axis = channel_axis(node.op);
    weights.quantization = by_channel ? per_channel(weights.shape[axis], axis, 0.004f)
                                      : Quantization{.scale = {0.004f}, .zero_point = {type == DType::kInt8 ? 0 : 128}};
    bias.dtype = DType::kInt32;
    bias.quantization = weights.quantization;
    bias.quantization.axis = 0;
    for (float& s : bias.quantization.scale) s *= in.scale[0];
    for (std::int32_t& z : bias.quantization.zero_point) z = 0;
  }
  fill_constants(graph, seed);
  verify(graph);
  return graph;
}

Graph without_biases(DType type, std::uint64_t seed) {
  Graph graph = type == DType::kFloat32 ? classifier(seed) : quantized_classifier(type, seed);
  for (Node& node : graph.nodes)
    if (takes_weights(node.op)) node.inputs.resize(2);
  return prune_unused(graph);
}

Graph dynamic_classifier(std::uint64_t seed) {
  Graph graph = classifier_shape();
  graph.name = "dynamic";
  for (Node& node : graph.nodes) {
    if (!takes_weights(node.op)) continue;
    Tensor& weights = graph.tensor(node.inputs[1]);
    weights.dtype = DType::kInt8;
    const int axis = channel_axis(node.op);
    weights.quantization = std::holds_alternative<FullyConnected>(node.op)
                               ? Quantization{.scale = {0.004f}, .zero_point = {0}}
                               : per_channel(weights.shape[axis], axis, 0.004f);
  }
  fill_constants(graph, seed);
  verify(graph);
  return graph;
}

Graph float16_classifier(std::uint64_t seed) {
  const Graph source = classifier_shape();
  Graph graph = source;
  graph.name = "float16";
  graph.nodes.clear();
  for (Node node : source.nodes) {
    for (std::size_t i = 1; i < node.inputs.size() && takes_weights(node.op); ++i) {
      Tensor& stored = graph.tensor(node.inputs[i]);
      stored.dtype = DType::kFloat16;
      const TensorId real = graph.add_tensor({.name = stored.name + "/float32", .shape = stored.shape});
      graph.add_node(
          {.name = graph.tensor(real).name, .op = Dequantize{}, .inputs = {node.inputs[i]}, .outputs = {real}});
      node.inputs[i] = real;
    }
    graph.add_node(std::move(node));
  }
  fill_constants(graph, seed);
  verify(graph);
  return graph;
}

std::vector<Graph> of_every_scheme() {
  Graph labelled = classifier();
  labelled.preprocessing = Preprocessing{};
  labelled.labels = {"a", "b", "c", "d", "e"};
  return {labelled,
          every_op(),
          quantized_classifier(DType::kInt8),
          quantized_classifier(DType::kUInt8),
          without_biases(DType::kFloat32),
          without_biases(DType::kInt8),
          dynamic_classifier(),
          float16_classifier()};
}

std::string fingerprint(Graph graph) {
  graph.name = "";
  graph.description = "";
  for (Node& node : graph.nodes) node.version = 1;
  std::string text = write_architecture(graph);
  for (const Tensor& tensor : graph.tensors) {
    const auto bytes = tensor.data.bytes();
    const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (tensor.constant) text += fmt::format("{} {:x}\n", tensor.name, std::hash<std::string_view>{}(content));
  }
  return text;
}

}  // namespace Atoll::format_test
