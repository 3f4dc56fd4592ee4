#include "format/tflite_options.h"

#include <array>
#include <cstring>
#include <string_view>

#include "atoll/error.h"
#include "format/text.h"

namespace Atoll::format {
namespace {

using flatbuffers::Table;
using flatbuffers::Verifier;
using flatbuffers::voffset_t;

// The fields of the BuiltinOptions tables that have any, by the table's number in the union: the bytes of a number, '['
// for a vector of 4-byte numbers, 's' for a string. Source: TensorFlow Lite's schema, version 3d.
struct OptionsTable {
  int number;
  std::string_view fields;
};
constexpr OptionsTable kTables[] = {
    {1, "1441441"},     // Conv2D
    {2, "1444144"},     // DepthwiseConv2D
    {3, "4[["},         // ConcatEmbeddings
    {4, "1"},           // LSHProjection
    {5, "144441"},      // Pool2D
    {6, "411"},         // SVDF
    {7, "11"},          // RNN
    {8, "11111"},       // FullyConnected
    {9, "4"},           // Softmax
    {10, "41"},         // Concatenation
    {11, "11"},         // Add
    {12, "1"},          // L2Norm
    {13, "4444"},       // LocalResponseNormalization
    {14, "14411"},      // LSTM
    {15, "4411"},       // ResizeBilinear
    {16, "4"},          // Call
    {17, "["},          // Reshape
    {18, "441"},        // SkipGram
    {19, "4"},          // SpaceToDepth
    {20, "1"},          // EmbeddingLookupSparse
    {21, "1"},          // Mul
    {23, "44"},         // Gather
    {27, "1"},          // Reducer
    {28, "11"},         // Sub
    {29, "1"},          // Div
    {30, "["},          // Squeeze
    {31, "111"},        // SequenceRNN
    {32, "444441"},     // StridedSlice
    {35, "4"},          // Split
    {37, "11"},         // Cast
    {40, "1"},          // ArgMax
    {49, "14411"},      // TransposeConv
    {50, "1"},          // SparseToDense
    {55, "1"},          // Shape
    {57, "1"},          // ArgMin
    {58, "4441"},       // FakeQuant
    {59, "44"},         // Pack
    {61, "4"},          // OneHot
    {64, "44"},         // Unpack
    {69, "144111"},     // BidirectionalSequenceLSTM
    {70, "1111"},       // BidirectionalSequenceRNN
    {71, "144111"},     // UnidirectionalSequenceLSTM
    {74, "11"},         // ResizeNearestNeighbor
    {75, "4"},          // LeakyRelu
    {77, "1"},          // MirrorPad
    {79, "4"},          // SplitV
    {80, "1"},          // Unique
    {87, "44"},         // ReverseSequence
    {92, "44"},         // If
    {93, "44"},         // While
    {94, "4"},          // DepthToSpace
    {101, "111"},       // BatchMatMul
    {102, "11"},        // Cumsum
    {103, "4"},         // CallOnce
    {106, "14441444"},  // Conv3D
    {107, "411"},       // Hashtable
    {111, "ss"},        // VarHandle
    {114, "88"},        // Random
    {115, "["},         // Bucketize
    {116, "1"},         // Gelu
};
constexpr int kLastTable = 126;

std::string_view fields_of(tflite::BuiltinOptions type) {
  for (const OptionsTable& table : kTables)
    if (table.number == static_cast<int>(type)) return table.fields;
  return "";
}

constexpr voffset_t field_offset(std::size_t field) { return static_cast<voffset_t>(4 + 2 * field); }

// Whether the table has fields beyond those that are known here.
bool has_further_fields(const Table& table, std::string_view fields) {
  const std::uint8_t* vtable = table.GetVTable();
  return flatbuffers::ReadScalar<voffset_t>(vtable) > field_offset(fields.size());
}

bool verify_field(const Table& table, Verifier& verifier, char kind, voffset_t field) {
  switch (kind) {
    case '1': return table.VerifyField<std::uint8_t>(verifier, field, 1);
    case '4': return table.VerifyField<std::uint32_t>(verifier, field, 4);
    case '8': return table.VerifyField<std::uint64_t>(verifier, field, 8);
    case '[':
      return table.VerifyOffset(verifier, field) &&
             verifier.VerifyVector(table.GetPointer<const flatbuffers::Vector<std::int32_t>*>(field));
    default:
      return table.VerifyOffset(verifier, field) &&
             verifier.VerifyString(table.GetPointer<const flatbuffers::String*>(field));
  }
}

// The table as its fields say, or nothing where it is malformed or has more of them.
const Table* known_table(const void* options, tflite::BuiltinOptions type, Verifier& verifier) {
  if (options == nullptr || static_cast<int>(type) > kLastTable) return nullptr;
  const std::string_view fields = fields_of(type);
  const auto& table = *static_cast<const Table*>(options);
  if (!table.VerifyTableStart(verifier)) return nullptr;
  if (has_further_fields(table, fields)) return nullptr;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!verify_field(table, verifier, fields[i], field_offset(i))) return nullptr;
  return verifier.EndTable() ? &table : nullptr;
}

// A number as it is stored, default or not; nothing where the table has none.
template <typename T>
void copy_number(flatbuffers::FlatBufferBuilder& builder, const Table& table, voffset_t field) {
  if (const std::uint8_t* at = table.GetAddressOf(field)) builder.AddElement<T>(field, flatbuffers::ReadScalar<T>(at));
}

flatbuffers::Offset<void> copy_table(flatbuffers::FlatBufferBuilder& builder, const Table& table,
                                     std::string_view fields) {
  std::array<flatbuffers::uoffset_t, 8> parts{};  // what a table points at comes first
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const voffset_t field = field_offset(i);
    if (!table.CheckField(field)) continue;
    if (fields[i] == '[') {
      const auto& vector = *table.GetPointer<const flatbuffers::Vector<std::int32_t>*>(field);
      parts[i] = builder.CreateVector(vector.data(), vector.size()).o;
    } else if (fields[i] == 's') {
      parts[i] = builder.CreateString(table.GetPointer<const flatbuffers::String*>(field)).o;
    }
  }
  const flatbuffers::uoffset_t start = builder.StartTable();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const voffset_t field = field_offset(i);
    switch (fields[i]) {
      case '1': copy_number<std::uint8_t>(builder, table, field); break;
      case '4': copy_number<std::uint32_t>(builder, table, field); break;
      case '8': copy_number<std::uint64_t>(builder, table, field); break;
      default:
        if (parts[i] != 0) builder.AddOffset(field, flatbuffers::Offset<void>(parts[i]));
    }
  }
  return builder.EndTable(start);
}

// Ops that live by other subgraphs, of which a Graph keeps the first alone, or whose options are in a second union.
bool is_beyond_keeping(std::int32_t builtin_code) {
  using Builtin = tflite::BuiltinOperator;
  const auto code = static_cast<Builtin>(builtin_code);
  return code == Builtin::CALL || code == Builtin::IF || code == Builtin::WHILE || code == Builtin::CALL_ONCE ||
         builtin_code >= static_cast<std::int32_t>(Builtin::STABLEHLO_LOGISTIC);
}

}  // namespace

std::vector<std::uint8_t> keep_options(const tflite::Operator& source, std::span<const std::byte> file,
                                       const std::string& loss) {
  const auto type = source.builtin_options_type();
  Verifier verifier(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  flatbuffers::FlatBufferBuilder builder;
  flatbuffers::Offset<void> options;
  if (const Table* table = known_table(source.builtin_options(), type, verifier))
    options = copy_table(builder, *table, fields_of(type));
  const auto copied = [&](const auto* vector) {
    using Vector = std::remove_cvref_t<decltype(*vector)>;
    using Offset = flatbuffers::Offset<Vector>;
    return vector == nullptr || vector->size() == 0 ? Offset()
                                                    : Offset(builder.CreateVector(vector->data(), vector->size()).o);
  };
  const auto intermediates = copied(source.intermediates());
  const auto mutating = copied(source.mutating_variable_inputs());
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> words;  // where a custom op has its options
  if (!loss.empty()) words = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(loss.data()), loss.size());
  tflite::OperatorBuilder kept(builder);
  if (!words.IsNull()) kept.add_custom_options(words);
  kept.add_builtin_options_type(type);
  if (!options.IsNull()) kept.add_builtin_options(options);
  if (!mutating.IsNull()) kept.add_mutating_variable_inputs(mutating);
  if (!intermediates.IsNull()) kept.add_intermediates(intermediates);
  builder.Finish(kept.Finish());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

KeptOptions write_kept_options(flatbuffers::FlatBufferBuilder& builder, std::span<const std::uint8_t> kept,
                               std::int32_t builtin_code, const std::string& node, const std::string& type) {
  if (is_beyond_keeping(builtin_code))
    fail(
        "'{}' is an op that Atoll can read but not write: {} needs other parts of its file than the network's own "
        "subgraph",
        node, type);
  if (kept.empty()) return {};
  Verifier verifier(kept.data(), kept.size());
  if (!verifier.VerifyBuffer<tflite::Operator>(nullptr))
    fail("'{}' cannot be written: the options of its op {} are malformed", node, type);
  const auto& source = *flatbuffers::GetRoot<tflite::Operator>(kept.data());
  if (const auto* loss = source.custom_options(); loss != nullptr)
    fail("'{}' is an op that Atoll can read but not write: {} {}", node, type,
         clean_text({reinterpret_cast<const char*>(loss->data()), loss->size()}));
  if (source.intermediates() != nullptr && source.intermediates()->size() > 0)
    fail("'{}' is an op that Atoll can read but not write: {} keeps intermediate tensors", node, type);
  KeptOptions result{.type = source.builtin_options_type()};
  if (result.type != tflite::BuiltinOptions::NONE) {
    const Table* table = known_table(source.builtin_options(), result.type, verifier);
    if (table == nullptr)
      fail("'{}' is an op that Atoll can read but not write: {} has options that are not known", node, type);
    result.options = copy_table(builder, *table, fields_of(result.type));
  }
  if (source.mutating_variable_inputs() != nullptr)
    for (const std::uint8_t mutates : *source.mutating_variable_inputs())
      result.mutating_variable_inputs.push_back(mutates != 0);
  return result;
}

}  // namespace Atoll::format
