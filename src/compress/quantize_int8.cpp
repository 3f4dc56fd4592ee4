// The rewriting of a float graph into TFLite's 8-bit form: activations become int8 in place, constants get
// int8 or int32 twins, and Quantize and Dequantize stand where the outside wants other types.
#include "compress/quantize_int8.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "compress/affine.h"
#include "compress/float_nodes.h"
#include "compress/observe.h"
#include "compress/same_parameters.h"

namespace Atoll {
namespace {

void require_int8_form(const Graph& graph, const Node& node) {
  const bool none = std::holds_alternative<Opaque>(node.op) || std::holds_alternative<Swish>(node.op) ||
                    std::holds_alternative<HardSigmoid>(node.op) || std::holds_alternative<BatchNorm>(node.op) ||
                    std::holds_alternative<Dropout>(node.op);
  if (none) fail("'{}' cannot be quantized: {} '{}' has no int8 form", graph.name, name_of(node.op), node.name);
  if (has_weights(node.op) && !graph.tensor(node.inputs[1]).constant)
    fail("'{}' cannot be quantized: the weights of {} '{}' are computed, not constant", graph.name, name_of(node.op),
         node.name);
}

class Rewriter {
 public:
  Rewriter(const Graph& source, const std::vector<Range>& ranges, const QuantizeOptions& options,
           const WeightScales& scales)
      : source_(source), options_(options), given_scales_(scales), parameters_(choose_parameters(source, ranges)) {}

  Graph run() {
    result_ = source_;
    result_.nodes.clear();
    for (std::size_t i = 0; i < result_.tensors.size(); ++i) {
      Tensor& tensor = result_.tensors[i];
      if (tensor.constant || tensor.dtype != DType::kFloat32) continue;
      tensor.dtype = DType::kInt8;
      tensor.quantization = parameters_.of_tensor[i];
    }
    for (TensorId& id : result_.inputs) id = add_input(id);
    for (std::size_t n = 0; n < source_.nodes.size(); ++n) {
      require_int8_form(source_, source_.nodes[n]);
      add_int8(source_.nodes[n], n);
    }
    for (TensorId& id : result_.outputs) id = add_output(id);
    Graph result = prune_unused(result_);
    verify(result);
    return result;
  }

  std::vector<float> scales_of(const Node& node) const {
    if (const auto given = given_scales_.find(node.inputs[1]); given != given_scales_.end()) return given->second;
    const bool per_tensor = std::holds_alternative<FullyConnected>(node.op) && !options_.per_channel_fully_connected;
    return weight_scales(source_, node, scale(node.inputs[0]), scale(node.outputs[0]), per_tensor);
  }

 private:
  float scale(TensorId id) const { return parameters_.of_tensor[static_cast<std::size_t>(id)].scale[0]; }

  TensorId add_like(TensorId id, std::string name, DType type, Quantization quantization) {
    Tensor tensor = result_.tensor(id);
    tensor.name = std::move(name);
    tensor.dtype = type;
    tensor.quantization = std::move(quantization);
    return result_.add_tensor(std::move(tensor));
  }

  // What an input or output of another type than int8 looks like from the outside.
  Quantization outside_parameters(TensorId id, DType type) const {
    if (type == DType::kFloat32) return {};
    Quantization q = result_.tensor(id).quantization;
    if (type == DType::kUInt8) q.zero_point[0] += 128;
    return q;
  }

  TensorId add_input(TensorId id) {
    if (options_.input == DType::kInt8) return id;
    const std::string name = result_.tensor(id).name;
    const TensorId outside = add_like(id, name, options_.input, outside_parameters(id, options_.input));
    result_.tensor(id).name = name + "_int8";
    result_.add_node({.name = name + "/quantize", .op = Quantize{}, .inputs = {outside}, .outputs = {id}});
    return outside;
  }

  TensorId add_output(TensorId id) {
    if (options_.output == DType::kInt8) return id;
    const std::string name = result_.tensor(id).name;
    const TensorId outside = add_like(id, name, options_.output, outside_parameters(id, options_.output));
    result_.tensor(id).name = name + "_int8";
    const Op op = options_.output == DType::kFloat32 ? Op(Dequantize{}) : Op(Quantize{});
    result_.add_node({.name = name + "/from_int8", .op = op, .inputs = {id}, .outputs = {outside}});
    return outside;
  }

  void add_int8(Node node, std::size_t n) {
    if (has_weights(node.op)) add_weights(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      TensorId& id = node.inputs[i];
      if (id == kNoTensor || (i > 0 && has_weights(node.op))) continue;
      if (is_requantized(n, i))
        id = requantized(node, id, i);
      else if (source_.tensor(id).constant)
        id = int8_constant(id, parameters_.of_tensor[static_cast<std::size_t>(id)]);
    }
    result_.add_node(std::move(node));
  }

  bool is_requantized(std::size_t n, std::size_t i) const {
    return std::any_of(parameters_.requantized.begin(), parameters_.requantized.end(),
                       [&](const Edge& edge) { return edge.node == n && edge.input == i; });
  }

  TensorId requantized(const Node& node, TensorId id, std::size_t i) {
    const Quantization& wanted = parameters_.of_tensor[static_cast<std::size_t>(node.outputs[0])];
    if (source_.tensor(id).constant) return int8_constant(id, wanted);
    const std::string name = fmt::format("{}/input{}", node.name, i);
    const TensorId out = add_like(id, name, DType::kInt8, wanted);
    result_.add_node({.name = name, .op = Quantize{}, .inputs = {id}, .outputs = {out}});
    return out;
  }

  TensorId int8_constant(TensorId id, const Quantization& quantization) {
    const std::span<const float> values = source_.tensor(id).data.as<float>();
    std::vector<std::int8_t> q(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      q[i] = quantized(values[i], static_cast<double>(quantization.scale[0]), quantization.zero_point[0], -128);
    Tensor tensor = source_.tensor(id);
    tensor.dtype = DType::kInt8;
    tensor.quantization = quantization;
    tensor.data = Data::of(q);
    return result_.add_tensor(std::move(tensor));
  }

  void add_weights(Node& node) {
    const std::vector<float> scales = scales_of(node);
    const Tensor& weights = source_.tensor(node.inputs[1]);
    node.inputs[1] = result_.add_tensor(quantized_weights(weights, layout_of(source_, node), scales));
    if (node.inputs.size() < 3 || node.inputs[2] == kNoTensor) return;
    if (!source_.tensor(node.inputs[2]).constant)
      fail("'{}' cannot be quantized: the bias of {} '{}' is computed, not constant", source_.name, name_of(node.op),
           node.name);
    node.inputs[2] = result_.add_tensor(quantized_bias(source_.tensor(node.inputs[2]), scale(node.inputs[0]), scales));
  }

  const Graph& source_;
  const QuantizeOptions& options_;
  const WeightScales& given_scales_;
  const ActivationParameters parameters_;
  Graph result_;
};

void require_type(DType type, const char* what) {
  if (type != DType::kInt8 && type != DType::kUInt8 && type != DType::kFloat32)
    fail("the {} of an int8 network cannot be {}: int8, uint8 and float32 are possible", what, name_of(type));
}

void require_ranges(const Graph& graph, const std::vector<Range>& ranges) {
  if (ranges.size() != graph.tensors.size())
    fail("the calibration has ranges of {} tensors, but '{}' has {}: it was made for another network", ranges.size(),
         graph.name, graph.tensors.size());
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (!std::isfinite(ranges[i].low) || !std::isfinite(ranges[i].high))
      fail("the calibrated range of tensor '{}' is {} to {}, which is not finite", graph.tensors[i].name, ranges[i].low,
           ranges[i].high);
}

}  // namespace

Graph quantize_prepared(const Graph& prepared, const std::vector<Range>& ranges, const QuantizeOptions& options,
                        const WeightScales& scales) {
  require_type(options.input, "input");
  require_type(options.output, "output");
  require_ranges(prepared, ranges);
  const Graph source = options.softmax ? with_softmax(prepared) : prepared;
  Graph int8 = Rewriter(source, ranges, options, scales).run();
  return options.float_nodes.empty() ? int8 : with_float_nodes(int8, source, options.float_nodes);
}

WeightScales scales_of_weights(const Graph& prepared, const std::vector<Range>& ranges,
                               const QuantizeOptions& options) {
  const WeightScales none;
  const Rewriter rewriter(prepared, ranges, options, none);
  WeightScales scales;
  for (const Node& node : prepared.nodes)
    if (has_weights(node.op)) scales[node.inputs[1]] = rewriter.scales_of(node);
  return scales;
}

Graph quantize_int8(const Graph& graph, const Calibration& calibration, const QuantizeOptions& options) {
  Graph result = quantize_prepared(prepared_for_quantization(graph), calibration.ranges, options);
  result.description = quantized_description(graph, calibration, {});
  return result;
}

std::string quantized_description(const Graph& graph, const Calibration& calibration,
                                  const std::vector<std::string>& rungs) {
  std::string text = graph.description.empty() ? "" : graph.description + "; ";
  text += "int8";
  if (calibration.images > 0)
    text += fmt::format(" by {} calibration pictures (FNV-1a {}), ranges by {}", calibration.images, calibration.hash,
                        name_of(calibration.estimator));
  if (!calibration.exceptions.empty()) text += fmt::format(", {} otherwise", calibration.exceptions.size());
  for (const std::string& rung : rungs) text += ", " + rung;
  return text;
}

}  // namespace Atoll
