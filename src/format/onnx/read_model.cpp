#include "atoll/error.h"
#include "format/limits.h"
#include "format/onnx/model.h"
#include "format/onnx/read_tensor.h"
#include "format/protobuf.h"

namespace Atoll::format {
namespace {

class Reader {
 public:
  Reader(const OnnxSource& source, Budget& budget) : budget_(budget), external_(source.folder, budget) {}

  OnnxModel read(std::span<const std::byte> file) {
    bool has_graph = false;
    ProtoMessage message(file);
    while (const auto field = message.next()) {
      if (field->number == 2) model_.producer = field->text();
      if (field->number == 8) read_opset(field->bytes);
      if (field->number == 14) read_property(field->bytes);
      if (field->number != 7) continue;
      if (has_graph) fail("it holds two graphs");
      read_graph(field->bytes);
      has_graph = true;
    }
    if (!has_graph || model_.opset == 0) fail("it is not an ONNX file: the graph or the version of its ops is missing");
    return std::move(model_);
  }

 private:
  void read_opset(std::span<const std::byte> bytes) {
    std::string domain;
    std::int64_t version = 0;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      if (field->number == 1) domain = field->text();
      if (field->number == 2) version = field->integer();
    }
    if (domain.empty() || domain == "ai.onnx") model_.opset = version;
  }

  void read_property(std::span<const std::byte> bytes) {
    budget_.charge(bytes.size() + sizeof(std::pair<std::string, std::string>));
    std::string key, value;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      const std::string_view text(reinterpret_cast<const char*>(field->bytes.data()), field->bytes.size());
      if (field->number == 1) key = field->text();
      if (field->number == 2) value = text;
    }
    model_.properties.insert_or_assign(key, value);
  }

  void read_attribute(OnnxNode& node, std::span<const std::byte> bytes) {
    budget_.charge(sizeof(OnnxAttribute) + sizeof(std::string));
    std::string name;
    OnnxAttribute attribute;
    AttributeKind declared = AttributeKind::kNone;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      const auto is = [&](AttributeKind kind) { attribute.kind = kind; };
      switch (field->number) {
        case 1: name = field->text(); break;
        case 2: attribute.f = field->real(), is(AttributeKind::kFloat); break;
        case 3: attribute.i = field->integer(), is(AttributeKind::kInt); break;
        case 4: attribute.s = field->text(), is(AttributeKind::kString); break;
        case 5:
          attribute.tensor = read_onnx_tensor(field->bytes, budget_, external_), is(AttributeKind::kTensor);
          break;
        case 6:
        case 11: is(AttributeKind::kGraph); break;
        case 7:
          budget_.charge(field->bytes.size() + sizeof(float));
          field->append_floats(attribute.floats), is(AttributeKind::kFloats);
          break;
        case 8:
          budget_.charge((field->bytes.size() + 1) * sizeof(std::int64_t));
          field->append_integers(attribute.ints), is(AttributeKind::kInts);
          break;
        case 9: is(AttributeKind::kStrings); break;
        case 20: declared = static_cast<AttributeKind>(field->integer()); break;
        default: break;
      }
    }
    // Proto3 leaves out zeros and empty lists, so the declared kind counts where there is one.
    if (declared != AttributeKind::kNone) {
      if (attribute.kind != AttributeKind::kNone && attribute.kind != declared)
        node.reject("the attribute '" + name + "' declares another kind than it has");
      attribute.kind = declared;
    }
    if (!node.attributes.emplace(name, std::move(attribute)).second)
      node.reject("it has the attribute '" + name + "' twice");
  }

  OnnxNode read_node(std::span<const std::byte> bytes) {
    budget_.charge(sizeof(OnnxNode) + bytes.size());
    OnnxNode node;
    std::vector<std::span<const std::byte>> attributes;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      const auto name = [&] {
        budget_.charge(sizeof(std::string));
        return field->text();
      };
      switch (field->number) {
        case 1: node.inputs.push_back(name()); break;
        case 2: node.outputs.push_back(name()); break;
        case 3: node.name = field->text(); break;
        case 4: node.type = field->text(); break;
        case 5: attributes.push_back(field->bytes); break;
        case 7: node.domain = field->text(); break;
        default: break;
      }
    }
    for (const auto& attribute : attributes) read_attribute(node, attribute);
    return node;
  }

  // TypeProto.tensor_type: the type of the elements and the shape.
  void read_type(OnnxValue& value, std::span<const std::byte> bytes) {
    ProtoMessage message(bytes);
    bool has_shape = false;
    while (const auto field = message.next()) {
      if (field->number == 1) value.type = static_cast<OnnxType>(field->integer());
      if (field->number != 2) continue;
      has_shape = true;
      ProtoMessage dims(field->bytes);
      while (const auto dim = dims.next())
        if (dim->number == 1) value.shape.push_back(read_dimension(value, dim->bytes));
    }
    if (!has_shape) fail("input '{}' has no shape, but every shape must be static", value.name);
  }

  static std::int64_t read_dimension(const OnnxValue& value, std::span<const std::byte> bytes) {
    std::int64_t size = 0;
    ProtoMessage message(bytes);
    while (const auto field = message.next())
      if (field->number == 1) size = field->integer();
    if (size < 0) fail("dimension {} of input '{}' is {}", value.shape.rank(), value.name, size);
    if (size == 0 && value.shape.rank() == 0) return 1;  // an open batch
    if (size == 0)
      fail("input '{}' leaves dimension {} open, but every shape must be static", value.name, value.shape.rank());
    return size;
  }

  OnnxValue read_value(std::span<const std::byte> bytes) {
    budget_.charge(sizeof(OnnxValue));
    OnnxValue value;
    std::span<const std::byte> type;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      if (field->number == 1) value.name = field->text();
      if (field->number == 2) type = field->bytes;
    }
    ProtoMessage kind(type);
    bool is_tensor = false;
    while (const auto field = kind.next())
      if (field->number == 1) {
        read_type(value, field->bytes);
        is_tensor = true;
      }
    if (!is_tensor) fail("input '{}' is no tensor", value.name);
    check_shape(value.shape, value.name);
    return value;
  }

  static std::string name_of_value(std::span<const std::byte> bytes) {
    std::string name;
    ProtoMessage message(bytes);
    while (const auto field = message.next())
      if (field->number == 1) name = field->text();
    return name;
  }

  void read_graph(std::span<const std::byte> bytes) {
    std::vector<std::span<const std::byte>> inputs;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      switch (field->number) {
        case 1: model_.nodes.push_back(read_node(field->bytes)); break;
        case 2: model_.name = field->text(); break;
        case 5: {
          budget_.charge(sizeof(OnnxTensor) + sizeof(std::string));
          OnnxTensor tensor = read_onnx_tensor(field->bytes, budget_, external_);
          const std::string name = tensor.name;
          if (!model_.initializers.emplace(name, std::move(tensor)).second)
            fail("there are two initializers of the name '{}'", name);
          break;
        }
        case 11:
          budget_.charge(sizeof(inputs[0]));
          inputs.push_back(field->bytes);
          break;
        case 12:
          budget_.charge(sizeof(std::string));
          model_.outputs.push_back(name_of_value(field->bytes));
          break;
        case 15: fail("it has sparse initializers, which are not read"); break;
        default: break;
      }
    }
    for (const auto& input : inputs)  // old files list their initializers among the inputs
      if (!model_.initializers.contains(name_of_value(input))) model_.inputs.push_back(read_value(input));
  }

  OnnxModel model_;
  Budget& budget_;
  ExternalData external_;
};

}  // namespace

OnnxModel read_onnx_model(const OnnxSource& source, Budget& budget) { return Reader(source, budget).read(source.file); }

}  // namespace Atoll::format
