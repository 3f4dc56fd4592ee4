// Writes a .tflite file. The same graph always gives the same bytes.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "atoll/error.h"
#include "atoll/model.h"
#include "format/text.h"
#include "format/tflite_metadata.h"
#include "format/tflite_versions.h"
#include "format/tflite_write_ops.h"
#include "format/zero_bias.h"
#include "format/zip.h"
#include "graph/dynamic_shape.h"

namespace Atoll {
namespace {

constexpr std::uint64_t kMaxConstants = (std::uint64_t{1} << 31) - (std::uint64_t{1} << 26);  // flatbuffers' 2 GiB
constexpr std::size_t kBufferAlignment = 16;

tflite::TensorType type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return tflite::TensorType::FLOAT32;
    case DType::kFloat16: return tflite::TensorType::FLOAT16;
    case DType::kInt8: return tflite::TensorType::INT8;
    case DType::kUInt8: return tflite::TensorType::UINT8;
    case DType::kInt16: return tflite::TensorType::INT16;
    case DType::kInt32: return tflite::TensorType::INT32;
    case DType::kInt64: return tflite::TensorType::INT64;
    case DType::kBool: return tflite::TensorType::BOOL;
  }
  return tflite::TensorType::FLOAT32;
}

void check_writable(const Graph& graph) {
  verify(graph);
  std::uint64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<BatchNorm>(node.op) || std::holds_alternative<Dropout>(node.op))
      fail("{} '{}' exists in training only: a .tflite file holds the inference form of a network", name_of(node.op),
           node.name);
    if (std::holds_alternative<Opaque>(node.op)) continue;  // its state has no values
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor || !graph.tensor(id).constant || !graph.tensor(id).data.empty()) continue;
      fail(
          "'{}' cannot be written as .tflite: '{}' has no values yet (train it or load weights; .json holds the "
          "architecture alone)",
          graph.name, graph.tensor(id).name);
    }
  }
  for (const Tensor& tensor : graph.tensors)
    if (tensor.constant) bytes += tensor.data.size();
  if (bytes > kMaxConstants)
    fail("'{}' has {} bytes of constants, more than a .tflite file can hold", graph.name, bytes);
}

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph) {}

  std::vector<std::byte> write() {
    buffers_.push_back(tflite::CreateBuffer(b_));  // buffer 0 is empty: it stands for "no values"
    for (const Tensor& tensor : graph_.tensors) add_tensor(tensor);
    std::vector<flatbuffers::Offset<tflite::Operator>> operators;
    for (const Node& node : graph_.nodes) operators.push_back(add_operator(node));
    const std::vector<flatbuffers::Offset<tflite::Metadata>> metadata = add_metadata();
    const auto signature = add_signature();
    const auto subgraph =
        tflite::CreateSubGraphDirect(b_, &tensors_, &graph_.inputs, &graph_.outputs, &operators, "main");
    const std::vector<flatbuffers::Offset<tflite::SubGraph>> subgraphs = {subgraph};
    std::vector<flatbuffers::Offset<tflite::SignatureDef>> signatures;
    if (!signature.IsNull()) signatures.push_back(signature);
    const auto model = tflite::CreateModelDirect(
        b_, kFormatVersion, &codes_, &subgraphs, graph_.description.empty() ? nullptr : graph_.description.c_str(),
        &buffers_, nullptr, metadata.empty() ? nullptr : &metadata, signatures.empty() ? nullptr : &signatures);
    tflite::FinishModelBuffer(b_, model);
    const auto* first = reinterpret_cast<const std::byte*>(b_.GetBufferPointer());
    std::vector<std::byte> file(first, first + b_.GetSize());
    if (!graph_.labels.empty()) {
      const std::vector<std::byte> zip =
          format::write_zip({{std::string(format::kLabelFile), format::label_file(graph_)}}, file.size());
      file.insert(file.end(), zip.begin(), zip.end());
    }
    return file;
  }

 private:
  static constexpr std::uint32_t kFormatVersion = 3;

  // Equal contents share one buffer.
  std::uint32_t add_buffer(const Data& content_data) {
    const std::span<const std::byte> bytes = content_data.bytes();
    const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto [known, end] = by_content_.equal_range(std::hash<std::string_view>{}(content));
    for (auto it = known; it != end; ++it)
      if (it->second.first == content) return it->second.second;
    b_.ForceVectorAlignment(bytes.size(), 1, kBufferAlignment);
    const auto data = b_.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    buffers_.push_back(tflite::CreateBuffer(b_, data));
    const auto index = static_cast<std::uint32_t>(buffers_.size() - 1);
    kept_.push_back(content_data);
    by_content_.emplace(std::hash<std::string_view>{}(content), std::pair(content, index));
    return index;
  }

  // Equal vectors are written once: the zero points of the channels of a layer are as many bytes as small weights.
  template <typename T>
  flatbuffers::Offset<flatbuffers::Vector<T>> shared_vector(const std::vector<T>& values) {
    auto& known = std::get<VectorsWritten<T>>(vectors_);
    const auto it = known.find(values);
    return it != known.end() ? it->second : known.emplace(values, b_.CreateVector(values)).first->second;
  }

  TensorId add_tensor(const Tensor& tensor) {
    const std::uint32_t buffer = tensor.data.bytes().empty() ? 0 : add_buffer(tensor.data);
    std::vector<std::int32_t> shape(tensor.shape.begin(), tensor.shape.end()), signature;
    if (is_dynamic(tensor.shape)) {
      signature = shape;
      std::replace(shape.begin(), shape.end(), static_cast<std::int32_t>(kDynamic), 1);
    }
    flatbuffers::Offset<tflite::QuantizationParameters> quantization = 0;
    if (const Quantization& q = tensor.quantization; !q.empty()) {
      const auto scales = b_.CreateVector(q.scale);
      const auto zero_points = shared_vector(std::vector<std::int64_t>(q.zero_point.begin(), q.zero_point.end()));
      quantization = tflite::CreateQuantizationParameters(b_, 0, 0, scales, zero_points,
                                                          tflite::QuantizationDetails::NONE, 0, q.axis);
    }
    const std::string name =
        tensor.name.empty() ? fmt::format("tensor_{}", tensors_.size()) : format::clean_text(tensor.name);
    const bool state = tensor.constant && tensor.data.empty();
    const auto shape_vector = shared_vector(shape);
    const auto signature_vector =
        signature.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::int32_t>>() : shared_vector(signature);
    tensors_.push_back(tflite::CreateTensor(b_, shape_vector, type_of(tensor.dtype), buffer,
                                            b_.CreateSharedString(name), quantization, state, 0, signature_vector,
                                            tensor.shape.rank() == 0));
    return static_cast<TensorId>(tensors_.size() - 1);
  }

  flatbuffers::Offset<tflite::Operator> add_operator(const Node& node) {
    const format::OperatorParts parts = format::write_op(b_, graph_, node);
    std::vector<std::int32_t> inputs = node.inputs;
    if (std::holds_alternative<FullyConnected>(node.op) && inputs.size() == 2) inputs.push_back(kNoTensor);  // no bias
    for (const Tensor& attribute : parts.attributes) inputs.push_back(add_tensor(attribute));
    const std::uint32_t code = code_index(parts, format::operator_version(graph_, node));
    const std::vector<std::uint8_t> mutating(parts.mutating_variable_inputs.begin(),
                                             parts.mutating_variable_inputs.end());
    return tflite::CreateOperatorDirect(b_, code, &inputs, &node.outputs, parts.options_type, parts.options,
                                        parts.custom_options.empty() ? nullptr : &parts.custom_options, 0,
                                        mutating.empty() ? nullptr : &mutating);
  }

  std::uint32_t code_index(const format::OperatorParts& parts, int version) {
    const auto key = std::tuple(static_cast<std::int32_t>(parts.code), parts.custom_code, version);
    const auto [it, is_new] = code_indices_.try_emplace(key, static_cast<std::uint32_t>(codes_.size()));
    if (is_new) {
      constexpr std::int32_t kPlaceholder = 127;  // readers of the old one-byte field find the newer codes elsewhere
      const auto old_code = static_cast<std::int8_t>(std::min(static_cast<std::int32_t>(parts.code), kPlaceholder));
      codes_.push_back(tflite::CreateOperatorCodeDirect(
          b_, old_code, parts.custom_code.empty() ? nullptr : parts.custom_code.c_str(), version, parts.code));
    }
    return it->second;
  }

  std::vector<flatbuffers::Offset<tflite::Metadata>> add_metadata() {
    std::vector<flatbuffers::Offset<tflite::Metadata>> entries;
    const auto add = [&](std::string_view name, const std::vector<std::byte>& content) {
      if (content.empty()) return;
      const std::uint32_t buffer = add_buffer(Data(content));
      entries.push_back(tflite::CreateMetadataDirect(b_, std::string(name).c_str(), buffer));
    };
    add(format::kMetadataName, format::write_metadata(graph_));
    if (graph_.preprocessing) add(format::kNoteName, format::write_note(graph_));
    return entries;
  }

  // The inputs and outputs by name, unless two of them share one.
  flatbuffers::Offset<tflite::SignatureDef> add_signature() {
    const auto names_differ = [&](const std::vector<TensorId>& ids) {
      std::set<std::string> names;
      return std::all_of(ids.begin(), ids.end(), [&](TensorId id) {
        return !graph_.tensor(id).name.empty() && names.insert(graph_.tensor(id).name).second;
      });
    };
    if (!names_differ(graph_.inputs) || !names_differ(graph_.outputs)) return 0;
    const auto map = [&](const std::vector<TensorId>& ids) {
      std::vector<flatbuffers::Offset<tflite::TensorMap>> entries;
      for (const TensorId id : ids)
        entries.push_back(tflite::CreateTensorMap(b_, b_.CreateSharedString(format::clean_text(graph_.tensor(id).name)),
                                                  static_cast<std::uint32_t>(id)));
      return entries;
    };
    const auto inputs = map(graph_.inputs), outputs = map(graph_.outputs);
    return tflite::CreateSignatureDefDirect(b_, &inputs, &outputs, "serving_default");
  }

  template <typename T>
  using VectorsWritten = std::map<std::vector<T>, flatbuffers::Offset<flatbuffers::Vector<T>>>;

  const Graph& graph_;
  flatbuffers::FlatBufferBuilder b_{1 << 20};
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
  std::map<std::tuple<std::int32_t, std::string, int>, std::uint32_t> code_indices_;
  std::unordered_multimap<std::size_t, std::pair<std::string_view, std::uint32_t>> by_content_;
  std::tuple<VectorsWritten<std::int32_t>, VectorsWritten<std::int64_t>> vectors_;
  std::vector<Data> kept_;  // what by_content_ looks into
};

}  // namespace

std::vector<std::byte> write_tflite(const Graph& graph) {
  check_writable(graph);
  const Graph lowered = format::with_zero_biases(prune_unused(lower_to_tflite_ops(graph)));
  return Writer(lowered).write();
}

}  // namespace Atoll
