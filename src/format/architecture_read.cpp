// Reads an architecture file: strictly, so that a misspelt field is an error and not a default.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "atoll/error.h"
#include "atoll/model.h"
#include "format/architecture.h"
#include "format/json_nesting.h"
#include "format/json_object.h"
#include "format/limits.h"
#include "format/preprocessing_json.h"

namespace Atoll {
namespace {

using format::JsonObject;

constexpr std::int64_t kMaxDimension = std::numeric_limits<std::int32_t>::max();

template <typename Enum, std::size_t N, typename NameOf>
Enum named(JsonObject& from, const std::string& field, const std::array<Enum, N>& values, NameOf&& name) {
  const std::string found = from.text(field);
  std::string known;
  for (const Enum value : values) {
    if (found == name(value)) return value;
    known += (known.empty() ? "" : ", ") + std::string(name(value));
  }
  fail("{}: \"{}\" is \"{}\", but should be one of {}", from.place(), field, found, known);
}

// The fields of an op, read by the name under which visit_fields offers them.
class FieldReader {
 public:
  explicit FieldReader(JsonObject& from) : from_(from) {}

  void operator()(const char* name, int& value) { value = static_cast<int>(from_.integer(name, -kMost, kMost)); }
  void operator()(const char* name, float& value) { value = static_cast<float>(from_.number(name)); }
  void operator()(const char* name, bool& value) { value = from_.boolean(name); }
  void operator()(const char* name, std::string& value) { value = from_.text(name); }
  void operator()(const char* name, Size2D& value) {
    const auto list = from_.integers(name, 1, format::kMaxWindow);
    if (list.size() != 2)
      fail("{}: \"{}\" has {} values, but should have [height, width]", from_.place(), name, list.size());
    value = {static_cast<int>(list[0]), static_cast<int>(list[1])};
  }
  void operator()(const char* name, Activation& value) {
    constexpr std::array kAll = {Activation::kNone, Activation::kRelu, Activation::kRelu6, Activation::kReluN1To1};
    value = named(from_, name, kAll, [](Activation a) { return name_of(a); });
  }
  void operator()(const char* name, Padding& value) {
    if (from_.get(name).is_string()) {
      constexpr std::array kNamed = {Padding::Kind::kSame, Padding::Kind::kValid};
      value.kind = named(from_, name, kNamed, [](Padding::Kind kind) {
        return std::string_view(kind == Padding::Kind::kSame ? "same" : "valid");
      });
      return;
    }
    const auto list = from_.integers(name, 0, format::kMaxWindow);
    if (list.size() != 4)
      fail("{}: \"{}\" has {} values, but should be \"same\", \"valid\" or [top, bottom, left, right]", from_.place(),
           name, list.size());
    value = {Padding::Kind::kExplicit, static_cast<int>(list[0]), static_cast<int>(list[1]), static_cast<int>(list[2]),
             static_cast<int>(list[3])};
  }
  void operator()(const char* name, Shape& value) {
    const auto dims = from_.integers(name, 0, kMaxDimension);
    if (dims.size() > Shape::kMaxRank)
      fail("{}: \"{}\" has {} dimensions, but at most {} are supported", from_.place(), name, dims.size(),
           Shape::kMaxRank);
    value = Shape(dims);
    format::check_shape(value, from_.place());
  }
  void operator()(const char* name, std::vector<int>& value) {
    for (const std::int64_t item : from_.integers(name, -Shape::kMaxRank, Shape::kMaxRank))
      value.push_back(static_cast<int>(item));
  }
  void operator()(const char* name, std::vector<std::int64_t>& value) {
    value = from_.integers(name, 0, format::kMaxSpatial);
  }
  void operator()(const char* name, std::vector<std::uint8_t>& value) {
    const std::string text = from_.text(name);
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    if (text.size() % 2 != 0 || std::any_of(text.begin(), text.end(), [&](char c) { return digit(c) < 0; }))
      fail("{}: \"{}\" should be bytes in hexadecimal", from_.place(), name);
    for (std::size_t i = 0; i < text.size(); i += 2)
      value.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }

 private:
  static constexpr std::int64_t kMost = std::int64_t{1} << 24;
  JsonObject& from_;
};

// An op of the kind called `name`, with its default fields.
template <std::size_t I = 0>
std::optional<Op> op_named(const std::string& name) {
  if constexpr (I == std::variant_size_v<Op>) {
    return std::nullopt;
  } else {
    using OpType = std::variant_alternative_t<I, Op>;
    const bool found = std::is_same_v<OpType, Opaque> ? name == "Opaque" : name == name_of(Op(OpType{}));
    return found ? std::optional<Op>(OpType{}) : op_named<I + 1>(name);
  }
}

Op read_op(JsonObject& from) {
  const std::string name = from.text("op");
  std::optional<Op> op = op_named(name);
  if (!op) fail("{}: \"op\" is \"{}\", which is no op that Atoll knows", from.place(), name);
  // Lists start empty, whatever the struct's default is.
  if (auto* mean = std::get_if<Mean>(&*op)) mean->axes.clear();
  std::visit([&](auto& fields) { format::visit_fields(FieldReader(from), fields); }, *op);
  return *std::move(op);
}

Quantization read_quantization(const nlohmann::json& json, const std::string& place) {
  JsonObject from(json, place);
  Quantization q;
  q.scale = from.numbers("scale");
  for (const std::int64_t zero : from.integers("zero_point", -32768, 32767))
    q.zero_point.push_back(static_cast<std::int32_t>(zero));
  if (from.has("axis")) q.axis = static_cast<int>(from.integer("axis", 0, Shape::kMaxRank - 1));
  from.finish();
  return q;
}

Tensor read_tensor(const nlohmann::json& json, const std::string& place) {
  constexpr std::array kTypes = {DType::kFloat32, DType::kFloat16, DType::kInt8,  DType::kUInt8,
                                 DType::kInt16,   DType::kInt32,   DType::kInt64, DType::kBool};
  JsonObject from(json, place);
  Tensor tensor;
  tensor.name = from.text("name");
  FieldReader{from}("shape", tensor.shape);
  tensor.dtype = named(from, "dtype", kTypes, [](DType type) { return name_of(type); });
  if (from.has("constant")) tensor.constant = from.boolean("constant");
  if (from.has("quantization"))
    tensor.quantization = read_quantization(from.get("quantization"), place + ".quantization");
  from.finish();
  return tensor;
}

std::vector<TensorId> read_ids(JsonObject& from, const char* name, TensorId low) {
  std::vector<TensorId> ids;
  for (const std::int64_t id : from.integers(name, low, kMaxDimension)) ids.push_back(static_cast<TensorId>(id));
  return ids;
}

Node read_node(const nlohmann::json& json, const std::string& place) {
  JsonObject from(json, place);
  Node node;
  node.name = from.text("name");
  node.op = read_op(from);
  node.inputs = read_ids(from, "inputs", kNoTensor);
  node.outputs = read_ids(from, "outputs", 0);
  if (from.has("version")) node.version = static_cast<int>(from.integer("version", 1, 1000));
  from.finish();
  if (node.outputs.empty() || (node.inputs.empty() && !std::holds_alternative<Opaque>(node.op)))
    fail("{}: a node needs an input and an output", place);
  return node;
}

Graph read_graph(const nlohmann::json& json) {
  JsonObject from(json, "the file");
  if (const std::string found = from.text("format"); found != format::kArchitectureFormat)
    fail("\"format\" is \"{}\", but should be \"{}\"", found, format::kArchitectureFormat);
  if (const auto version = from.integer("version", 1, kMaxDimension); version != format::kArchitectureVersion)
    fail("\"version\" is {}, but only {} is known", version, format::kArchitectureVersion);
  Graph graph;
  graph.name = from.text("name");
  graph.description = from.text("description");
  if (from.has("preprocessing")) graph.preprocessing = format::read_preprocessing(from.get("preprocessing"));
  if (from.has("labels"))
    for (const nlohmann::json& label : from.array("labels")) {
      if (!label.is_string()) fail("\"labels\" should be a list of strings");
      graph.labels.push_back(label.get<std::string>());
    }
  for (const nlohmann::json& tensor : from.array("tensors"))
    graph.add_tensor(read_tensor(tensor, fmt::format("tensors[{}]", graph.tensors.size())));
  for (const nlohmann::json& node : from.array("nodes"))
    graph.add_node(read_node(node, fmt::format("nodes[{}]", graph.nodes.size())));
  graph.inputs = read_ids(from, "inputs", 0);
  graph.outputs = read_ids(from, "outputs", 0);
  from.finish();
  format::check_ranges(graph);
  verify(graph);
  return graph;
}

}  // namespace

Graph read_architecture(const std::string& json, const std::string& name) {
  try {
    format::check_nesting(json, "its text");
    const auto parsed = nlohmann::json::parse(json);
    return read_graph(parsed);
  } catch (const nlohmann::json::exception& error) {
    fail("'{}' is not valid JSON: {}", name, error.what());
  } catch (const Error& error) {
    fail("'{}' is not a usable architecture file: {}", name, error.what());
  }
}

}  // namespace Atoll
