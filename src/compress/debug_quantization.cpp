// Runs both networks on the same pictures and compares, tensor by tensor, what they hold.
#include <algorithm>
#include <cmath>
#include <map>

#include "atoll/error.h"
#include "atoll/runtime.h"
#include "base/interrupt.h"
#include "compress/float_nodes.h"
#include "compress/observe.h"
#include "compress/output_error.h"
#include "compress/same_parameters.h"
#include "runtime/model_input.h"

namespace Atoll {
namespace {

constexpr double kHurtDb = 20;
constexpr double kBestDb = 120;  // what a layer without any noise is said to have

// Tensors at the border were renamed by the quantizer to make room for the outside's.
std::string plain_name(const std::string& name) {
  constexpr std::string_view kSuffix = "_int8";
  return name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name;
}

struct Pair {
  std::size_t int8_node = 0, real_node = 0;
  TensorId int8 = kNoTensor, real = kNoTensor;
  double signal = 0, noise = 0;
  std::int64_t values = 0, outside = 0;
  std::vector<float> channel_magnitude;
};

bool converts(const Node& node) {
  return std::holds_alternative<Quantize>(node.op) || std::holds_alternative<Dequantize>(node.op);
}

bool has_integer_output(const Graph& graph, const Node& node) {
  const DType type = graph.tensor(node.outputs[0]).dtype;
  return type == DType::kInt8 || type == DType::kUInt8;
}

void add_pair(std::vector<Pair>& pairs, const Graph& real, const Graph& int8, std::size_t r, std::size_t q) {
  pairs.push_back({.int8_node = q,
                   .real_node = r,
                   .int8 = int8.nodes[q].outputs[0],
                   .real = real.nodes[r].outputs[0],
                   .channel_magnitude = {}});
}

std::vector<Pair> matched_by_name(const Graph& real, const Graph& int8) {
  std::map<std::string, std::size_t> real_nodes;
  for (std::size_t r = 0; r < real.nodes.size(); ++r) real_nodes[real.tensor(real.nodes[r].outputs[0]).name] = r;
  std::vector<Pair> pairs;
  for (std::size_t q = 0; q < int8.nodes.size(); ++q) {
    const Node& node = int8.nodes[q];
    if (std::holds_alternative<Quantize>(node.op) || !has_integer_output(int8, node)) continue;
    const Tensor& out = int8.tensor(node.outputs[0]);
    const auto found = real_nodes.find(plain_name(out.name));
    if (found != real_nodes.end() && real.tensor(real.nodes[found->second].outputs[0]).shape == out.shape)
      add_pair(pairs, real, int8, found->second, q);
  }
  return pairs;
}

// For files whose tensors another tool has renamed: layer by layer, if both networks have the same in the same order.
std::vector<Pair> matched_by_order(const Graph& real, const Graph& int8) {
  const auto layers_of = [](const Graph& graph) {
    std::vector<std::size_t> layers;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n)
      if (!converts(graph.nodes[n])) layers.push_back(n);
    return layers;
  };
  const std::vector<std::size_t> a = layers_of(real), b = layers_of(int8);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const Node &x = real.nodes[a[i]], &y = int8.nodes[b[i]];
    if (x.op.index() != y.op.index() || !(real.tensor(x.outputs[0]).shape == int8.tensor(y.outputs[0]).shape))
      return {};
    if (has_integer_output(int8, y)) add_pair(pairs, real, int8, a[i], b[i]);
  }
  // One of the two may end in a softmax that the other leaves out.
  return std::max(a.size(), b.size()) - std::min(a.size(), b.size()) <= 1 ? pairs : std::vector<Pair>{};
}

std::vector<Pair> matching_layers(const Graph& real, const Graph& int8) {
  std::vector<Pair> pairs = matched_by_name(real, int8);
  if (pairs.empty()) pairs = matched_by_order(real, int8);
  if (pairs.empty())
    fail("'{}' and '{}' have no layer in common: the float network must be the one that was quantized", real.name,
         int8.name);
  return pairs;
}

void compare(Pair& pair, const Session& real, const Session& int8, const Graph& graph) {
  const Tensor& tensor = graph.tensor(pair.int8);
  const std::span<const std::byte> x_bytes = real.activation(pair.real), q = int8.activation(pair.int8);
  const std::span<const float> x(reinterpret_cast<const float*>(x_bytes.data()), x_bytes.size() / sizeof(float));
  const bool is_signed = tensor.dtype == DType::kInt8;
  const double scale = static_cast<double>(tensor.quantization.scale.at(0));
  const int zero = tensor.quantization.zero_point.at(0), low = is_signed ? -128 : 0;
  const std::size_t channels = tensor.shape.rank() > 1 ? static_cast<std::size_t>(tensor.shape.back()) : 1;
  pair.channel_magnitude.resize(channels, 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int value = is_signed ? static_cast<std::int8_t>(q[i]) : static_cast<std::uint8_t>(q[i]);
    const double wanted = static_cast<double>(x[i]), difference = wanted - scale * (value - zero);
    pair.signal += wanted * wanted;
    pair.noise += difference * difference;
    const double steps = wanted / scale + zero;
    pair.outside += steps < low - 0.5 || steps > low + 255.5;
    float& magnitude = pair.channel_magnitude[i % channels];
    magnitude = std::max(magnitude, std::fabs(x[i]));
  }
  pair.values += static_cast<std::int64_t>(x.size());
}

LayerDamage damage_of(const Pair& pair, const Graph& int8) {
  LayerDamage damage;
  damage.name = plain_name(int8.tensor(pair.int8).name);
  damage.op = name_of(int8.nodes[pair.int8_node].op);
  damage.sqnr_db = pair.noise > 0 && pair.signal > 0 ? std::min(kBestDb, 10 * std::log10(pair.signal / pair.noise))
                   : pair.noise > 0                  ? -kBestDb
                                                     : kBestDb;
  damage.saturated = static_cast<double>(pair.outside) / static_cast<double>(std::max<std::int64_t>(1, pair.values));
  std::vector<float> magnitudes = pair.channel_magnitude;
  std::sort(magnitudes.begin(), magnitudes.end());
  const float middle = magnitudes[magnitudes.size() / 2];
  if (middle > 0) damage.channel_range_ratio = static_cast<double>(magnitudes.back()) / static_cast<double>(middle);
  return damage;
}

// Noise over signal of each layer's output, less the most that one of its inputs brought along.
std::vector<double> added_noise(const std::vector<Pair>& pairs, const Graph& int8) {
  const auto relative = [](const Pair& pair) { return pair.signal > 0 ? pair.noise / pair.signal : 0.0; };
  const Uses uses = uses_of(int8);
  std::map<TensorId, double> noise_of;
  std::vector<double> added;
  for (const Pair& pair : pairs) {
    double before = 0;
    for (TensorId id : int8.nodes[pair.int8_node].inputs) {
      // Through Quantize, which only changes the scale.
      for (int from = id == kNoTensor ? -1 : uses.producer[static_cast<std::size_t>(id)];
           from >= 0 && converts(int8.nodes[static_cast<std::size_t>(from)]);
           from = uses.producer[static_cast<std::size_t>(id)])
        id = int8.nodes[static_cast<std::size_t>(from)].inputs[0];
      if (const auto found = noise_of.find(id); found != noise_of.end()) before = std::max(before, found->second);
    }
    noise_of[pair.int8] = relative(pair);
    added.push_back(relative(pair) - before);
  }
  return added;
}

// Output error and top-1 with a layer in float, and with it the layers that read it: of those that add most noise.
void try_in_float(QuantizationDamage& damage, const std::vector<Pair>& pairs, const Graph& real, const Graph& int8,
                  const Reference& reference, int trials) {
  const std::vector<double> added = added_noise(pairs, int8);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (const Op& op = int8.nodes[pairs[i].int8_node].op; !repeats_its_input(op) && !fixed_parameters(op))
      order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return added[a] > added[b]; });
  order.resize(std::min<std::size_t>(order.size(), static_cast<std::size_t>(std::max(0, trials))));
  const Uses uses = uses_of(int8);
  std::map<std::size_t, std::size_t> real_node_of;
  for (const Pair& pair : pairs) real_node_of[pair.int8_node] = pair.real_node;
  for (const std::size_t i : order) {
    NodeMatch nodes{{pairs[i].int8_node, pairs[i].real_node}};
    for (const int reader : uses.consumers[static_cast<std::size_t>(pairs[i].int8)])
      if (const auto match = real_node_of.find(static_cast<std::size_t>(reader)); match != real_node_of.end())
        nodes.insert(*match);
    const Reference::Score score = reference.score(with_float_nodes(int8, real, nodes));
    damage.layers[i].error_left_in_float = score.output_error;
    damage.layers[i].top1_left_in_float = score.top1;
    for (const auto& [node, twin] : nodes) damage.layers[i].float_nodes.push_back(real.nodes[twin].name);
  }
}

}  // namespace

QuantizationDamage debug_quantization(const Graph& real, const Graph& int8, const Dataset& data,
                                      const DebugOptions& options) {
  const Graph prepared = prepared_for_quantization(real);
  const std::vector<std::int64_t> indices = calibration_indices(data, options.images, options.seed);
  std::vector<Pair> pairs = matching_layers(prepared, int8);
  const SessionOptions keep{.threads = options.threads > 0 ? options.threads : hardware_threads(),
                            .keep_activations = true};
  Session a(prepared, keep), b(int8, keep);
  ModelInput to_a(prepared), to_b(int8);
  for (const std::int64_t index : indices) {
    throw_if_interrupted();
    const Image image = data.image(index);
    to_a.set(0, image);
    to_b.set(0, image);
    to_a.write_to(a);
    to_b.write_to(b);
    a.run();
    b.run();
    for (Pair& pair : pairs) compare(pair, a, b, int8);
  }
  QuantizationDamage damage;
  for (const Pair& pair : pairs) {
    damage.layers.push_back(damage_of(pair, int8));
    if (damage.first_hurt < 0 && damage.layers.back().sqnr_db < kHurtDb)
      damage.first_hurt = static_cast<int>(damage.layers.size()) - 1;
  }
  const Reference reference(prepared, data, indices, options.threads);
  const Reference::Score score = reference.score(int8);
  damage.output_error = score.output_error;
  damage.agreement = score.agreement;
  damage.images = reference.images();
  damage.float_top1 = reference.float_top1();
  damage.top1 = score.top1;
  if (options.float_trials > 0) try_in_float(damage, pairs, prepared, int8, reference, options.float_trials);
  return damage;
}

}  // namespace Atoll
