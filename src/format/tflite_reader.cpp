// Reads a .tflite file: flatbuffers' own verification of every offset first, then what a Graph demands.
#include <algorithm>
#include <cstring>

#include "atoll/error.h"
#include "atoll/model.h"
#include "format/limits.h"
#include "format/text.h"
#include "format/tflite_metadata.h"
#include "format/tflite_options.h"
#include "format/tflite_read_ops.h"
#include "format/tflite_tensors.h"
#include "graph/dynamic_shape.h"

namespace Atoll {
namespace {

using format::TfliteBuffers;
using format::TfliteFile;

constexpr std::size_t kMaxFlatbuffer = (std::size_t{1} << 31) - 1;  // what lies behind it is reached by 64-bit offsets

const tflite::Model& verified(std::span<const std::byte> file, const std::string& name) {
  constexpr std::size_t kIdentifierEnd = 8;
  if (file.size() < kIdentifierEnd || std::memcmp(file.data() + 4, tflite::ModelIdentifier(), 4) != 0)
    fail("'{}' is not a .tflite file: the identifier {} is missing", name, tflite::ModelIdentifier());
  const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
  flatbuffers::Verifier verifier(data, std::min(file.size(), kMaxFlatbuffer - 1));
  if (!tflite::VerifyModelBuffer(verifier))
    fail("'{}' is malformed or truncated: its flatbuffer does not verify", name);
  const tflite::Model& model = *tflite::GetModel(data);
  if (model.version() != 3)
    fail("'{}' has version {} of the .tflite format, but only 3 is known", name, model.version());
  return model;
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name)
      : file_{name, bytes, verified(bytes, name), format::Budget(name, bytes.size())}, buffers_(file_) {}

  Graph read() {
    const auto* subgraphs = file_.model.subgraphs();
    if (subgraphs == nullptr || subgraphs->size() == 0) fail("'{}' has no subgraph", file_.name);
    graph_.name = file_.name;
    if (file_.model.description() != nullptr)
      graph_.description = format::clean_text(file_.model.description()->string_view());
    const tflite::SubGraph& subgraph = *subgraphs->Get(0);
    read_tensors(subgraph);
    read_nodes(subgraph);
    graph_.inputs = ids(subgraph.inputs(), "input");
    graph_.outputs = ids(subgraph.outputs(), "output");
    define_state();
    drop_unused_tensors();
    try {
      format::check_ranges(graph_);
      verify(graph_);
    } catch (const Error& error) {
      fail("'{}': {}", file_.name, error.what());
    }
    if (subgraphs->size() > 1)
      graph_.description = fmt::format("{}{}(the first of {} subgraphs)", graph_.description,
                                       graph_.description.empty() ? "" : " ", subgraphs->size());
    read_extras();
    return std::move(graph_);
  }

 private:
  void read_tensors(const tflite::SubGraph& subgraph) {
    if (subgraph.tensors() == nullptr) return;
    for (const tflite::Tensor* tensor : *subgraph.tensors())
      graph_.add_tensor(read_tensor(file_, buffers_, *tensor, graph_.tensors.size()));
  }

  std::vector<TensorId> ids(const flatbuffers::Vector<std::int32_t>* source, const char* what) {
    std::vector<TensorId> result;
    if (source == nullptr) return result;
    file_.budget.charge(source->size() * sizeof(TensorId));
    for (const std::int32_t id : *source) {
      if (id < -1 || id >= static_cast<std::int32_t>(graph_.tensors.size()))
        fail("'{}' is malformed: an {} names tensor {}, but there are {}", file_.name, what, id, graph_.tensors.size());
      result.push_back(id);
    }
    return result;
  }

  void read_nodes(const tflite::SubGraph& subgraph) {
    if (subgraph.operators() == nullptr) return;
    for (const tflite::Operator* source : *subgraph.operators()) {
      const auto* codes = file_.model.operator_codes();
      const std::size_t count = codes == nullptr ? 0 : codes->size();
      if (source->opcode_index() >= count)
        fail("'{}' is malformed: an operator has code {}, but there are {}", file_.name, source->opcode_index(), count);
      read_node(*source, *codes->Get(source->opcode_index()));
    }
  }

  void read_node(const tflite::Operator& source, const tflite::OperatorCode& code) {
    file_.budget.charge(sizeof(Node));
    // Codes above 127 do not fit the old field, which then holds a placeholder.
    const auto builtin =
        std::max(code.builtin_code(), static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code()));
    format::OperatorSource op{graph_, source, builtin, ids(source.inputs(), "operator's input"),
                              ids(source.outputs(), "operator's output")};
    Node node{.version = code.version()};
    node.name = op.outputs.empty() || op.outputs[0] == kNoTensor ? format::builtin_name(builtin)
                                                                 : graph_.tensor(op.outputs[0]).name;
    file_.budget.charge(node.name.size());
    const std::vector<TensorId> all_inputs = op.inputs;
    std::optional<Op> known = touches_dynamic(op) ? std::nullopt : format::read_op(op);
    node.op = known ? std::move(*known) : Op(opaque(source, code, builtin));
    node.inputs = known ? std::move(op.inputs) : all_inputs;
    node.outputs = std::move(op.outputs);
    graph_.add_node(std::move(node));
  }

  bool touches_dynamic(const format::OperatorSource& op) const {
    const auto dynamic = [&](TensorId id) { return id != kNoTensor && is_dynamic(graph_.tensor(id).shape); };
    return std::any_of(op.inputs.begin(), op.inputs.end(), dynamic) ||
           std::any_of(op.outputs.begin(), op.outputs.end(), dynamic);
  }

  // What of an op's tensors a Graph does not keep.
  std::string loss_of(const tflite::Operator& source) const {
    const auto* tensors = file_.model.subgraphs()->Get(0)->tensors();
    for (const auto* ids : {source.inputs(), source.outputs()})
      for (flatbuffers::uoffset_t i = 0; ids != nullptr && i < ids->size(); ++i) {
        if (ids->Get(i) < 0) continue;  // ids() has checked the others
        const tflite::Tensor& tensor = *tensors->Get(static_cast<flatbuffers::uoffset_t>(ids->Get(i)));
        const tflite::QuantizationParameters* q = tensor.quantization();
        if (tensor.type() == tflite::TensorType::FLOAT32 && q != nullptr && q->scale() != nullptr &&
            q->scale()->size() > 0)
          return "reads or writes floats that have a scale";
      }
    return "";
  }

  Opaque opaque(const tflite::Operator& source, const tflite::OperatorCode& code, tflite::BuiltinOperator builtin) {
    Opaque result{.type = format::builtin_name(builtin), .builtin_code = static_cast<std::int32_t>(builtin)};
    if (builtin == tflite::BuiltinOperator::CUSTOM)
      result.type =
          fmt::format("CUSTOM:{}", format::clean_text(code.custom_code() ? code.custom_code()->string_view() : ""));
    file_.budget.charge(result.type.size());
    std::span<const std::byte> options;
    if (source.large_custom_options_offset() > 1) {
      options = buffers_.outside(source.large_custom_options_offset(), source.large_custom_options_size());
    } else if (source.custom_options() != nullptr) {
      options = {reinterpret_cast<const std::byte*>(source.custom_options()->data()), source.custom_options()->size()};
    }
    if (builtin == tflite::BuiltinOperator::CUSTOM) {
      file_.budget.charge(options.size());
      const auto* first = reinterpret_cast<const std::uint8_t*>(options.data());
      result.options.assign(first, first + options.size());
    } else {
      result.options = format::keep_options(source, file_.bytes.first(std::min(file_.bytes.size(), kMaxFlatbuffer - 1)),
                                            loss_of(source));
      file_.budget.charge(result.options.size());
    }
    return result;
  }

  // Tensors that nothing writes: an op's own state, and constants without elements.
  void define_state() {
    const auto* sources = file_.model.subgraphs()->Get(0)->tensors();
    std::vector<bool> written(graph_.tensors.size(), false);
    for (const TensorId id : graph_.inputs) written[checked(id)] = true;
    for (const Node& node : graph_.nodes)
      for (const TensorId id : node.outputs) written[checked(id)] = true;
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      Tensor& tensor = graph_.tensors[i];
      if (written[i] || tensor.constant) continue;
      if (tensor.elements() == 0) tensor.data = Data(std::vector<std::byte>());
      tensor.constant = tensor.elements() == 0 || sources->Get(static_cast<flatbuffers::uoffset_t>(i))->is_variable();
    }
  }

  std::size_t checked(TensorId id) const {
    if (id == kNoTensor) fail("'{}' is malformed: an input or output is absent", file_.name);
    return static_cast<std::size_t>(id);
  }

  // The tensors that only carried attributes (shapes, axes) are in the ops now.
  void drop_unused_tensors() {
    std::vector<TensorId> renamed(graph_.tensors.size(), kNoTensor);
    const auto mark = [&](const std::vector<TensorId>& list) {
      for (const TensorId id : list)
        if (id != kNoTensor) renamed[static_cast<std::size_t>(id)] = 0;
    };
    const auto rename = [&](std::vector<TensorId>& list) {
      for (TensorId& id : list)
        if (id != kNoTensor) id = renamed[static_cast<std::size_t>(id)];
    };
    mark(graph_.inputs);
    mark(graph_.outputs);
    for (const Node& node : graph_.nodes) {
      mark(node.inputs);
      mark(node.outputs);
    }
    std::vector<Tensor> kept;
    for (std::size_t i = 0; i < renamed.size(); ++i) {
      if (renamed[i] == kNoTensor) continue;
      renamed[i] = static_cast<TensorId>(kept.size());
      kept.push_back(std::move(graph_.tensors[i]));
    }
    graph_.tensors = std::move(kept);
    rename(graph_.inputs);
    rename(graph_.outputs);
    for (Node& node : graph_.nodes) {
      rename(node.inputs);
      rename(node.outputs);
    }
  }

  void read_extras() {
    if (file_.model.metadata() == nullptr) return;
    std::span<const std::byte> metadata, note;
    for (const tflite::Metadata* entry : *file_.model.metadata()) {
      if (entry->name() == nullptr) continue;
      if (entry->name()->string_view() == format::kMetadataName) metadata = buffers_.view(entry->buffer());
      if (entry->name()->string_view() == format::kNoteName) note = buffers_.view(entry->buffer());
    }
    try {
      if (!metadata.empty()) format::read_metadata(graph_, metadata, file_.bytes, file_.budget);
      if (!note.empty()) format::read_note(graph_, note);
    } catch (const Error& error) {
      fail("'{}': {}", file_.name, error.what());
    }
  }

  TfliteFile file_;
  TfliteBuffers buffers_;
  Graph graph_;
};

}  // namespace

Graph read_tflite(std::span<const std::byte> file, const std::string& name) {
  constexpr std::uintptr_t kAlignment = 16;
  if (reinterpret_cast<std::uintptr_t>(file.data()) % kAlignment == 0) return Reader(file, name).read();
  const std::vector<std::byte> aligned(file.begin(), file.end());
  return Reader(aligned, name).read();
}

}  // namespace Atoll
