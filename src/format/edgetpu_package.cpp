// The custom op's options are a flexbuffer map; its string "4" is a Package, "7" is a vector of further ones; a Package
// holds a MultiExecutable, and that the executables, each a flatbuffer of its own.
#include <flatbuffers/flexbuffers.h>

#include "atoll/compiled.h"
#include "atoll/error.h"
#include "format/budget.h"
#include "format/edgetpu_executable_generated.h"
#include "format/text.h"

namespace Atoll {
namespace {

using Bytes = std::vector<std::uint8_t>;  // aligned for flatbuffers, unlike where it is copied from

std::int64_t size_of(const flatbuffers::Vector<std::uint8_t>* bytes) { return bytes == nullptr ? 0 : bytes->size(); }
std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : format::clean_text(text->string_view());
}

class PackageReader {
 public:
  PackageReader(const Node& node, std::span<const std::uint8_t> options)
      : node_(node), options_(options), budget_(node.name, options.size()) {}

  EdgeTpuPackage read() {
    std::vector<std::uint8_t> reused;
    if (options_.size() < kSmallestFlexbuffer || !flexbuffers::VerifyBuffer(options_.data(), options_.size(), &reused))
      malformed("its options are no flexbuffer");
    const flexbuffers::Reference root = flexbuffers::GetRoot(options_.data(), options_.size());
    if (!root.IsMap()) malformed("its options are no map");
    const flexbuffers::Map map = root.AsMap();
    EdgeTpuPackage package;
    if (!map[kFirst].IsString()) malformed("there is no package");
    read_package(map[kFirst].AsString(), package);
    if (map[kFurther].IsVector()) {
      const flexbuffers::Vector further = map[kFurther].AsVector();
      for (std::size_t i = 0; i < further.size(); ++i)
        if (further[i].IsString()) read_package(further[i].AsString(), package);
    }
    return package;
  }

 private:
  static constexpr const char *kFirst = "4", *kFurther = "7";
  static constexpr std::size_t kSmallestFlexbuffer = 3;

  [[noreturn]] void malformed(const char* why) const {
    fail("the compiled network in '{}' is malformed: {}", node_.name, why);
  }

  template <typename Table>
  const Table& verified(const Bytes& bytes, const char* why, const char* identifier = nullptr) {
    flatbuffers::Verifier verifier(bytes.data(), bytes.size());
    if (!verifier.VerifyBuffer<Table>(identifier)) malformed(why);
    return *flatbuffers::GetRoot<Table>(bytes.data());
  }

  template <typename Source>
  Bytes copied(const Source& source) {
    budget_.charge(source.size());
    const auto* first = reinterpret_cast<const std::uint8_t*>(source.data());
    return Bytes(first, first + source.size());
  }

  void read_package(const flexbuffers::String& string, EdgeTpuPackage& package) {
    const Bytes bytes = copied(std::string_view(string.c_str(), string.length()));
    const auto& source = verified<edgetpu::Package>(bytes, "its package does not verify", "DWN1");
    package.compiler_version = text_of(source.compiler_version());
    package.min_runtime_version = source.min_runtime_version();
    if (source.serialized_multi_executable() == nullptr) malformed("its package holds no executables");
    const Bytes multi_bytes = copied(*source.serialized_multi_executable());
    const auto& multi = verified<edgetpu::MultiExecutable>(multi_bytes, "its list of executables does not verify");
    if (multi.serialized_executables() == nullptr) malformed("its package holds no executables");
    for (const flatbuffers::String* executable : *multi.serialized_executables()) {
      const Bytes executable_bytes = copied(executable->string_view());
      read_executable(verified<edgetpu::Executable>(executable_bytes, "an executable does not verify"), package);
    }
  }

  void read_executable(const edgetpu::Executable& source, EdgeTpuPackage& package) {
    budget_.charge(sizeof(EdgeTpuExecutable));
    const auto type = static_cast<int>(source.type());
    if (type < 0 || type > static_cast<int>(edgetpu::ExecutableType::MAX)) malformed("an executable's type is unknown");
    EdgeTpuExecutable executable{.type = static_cast<EdgeTpuExecutable::Type>(type),
                                 .name = text_of(source.name()),
                                 .chip = text_of(source.chip()),
                                 .parameter_bytes = size_of(source.parameters()),
                                 .scratch_bytes = source.scratch_size_bytes(),
                                 .narrow_bytes_per_tile = source.used_narrow_memory_bytes_per_tile(),
                                 .input_bytes = layer_bytes(source.input_layers()),
                                 .output_bytes = layer_bytes(source.output_layers()),
                                 .estimated_cycles = source.estimated_cycles_64bit() != 0
                                                         ? source.estimated_cycles_64bit()
                                                         : source.estimated_cycles()};
    if (source.instruction_bitstreams() != nullptr)
      for (const edgetpu::InstructionBitstream* stream : *source.instruction_bitstreams()) {
        executable.instruction_bytes += size_of(stream->bitstream());
        ++executable.instruction_streams;
      }
    package.executables.push_back(std::move(executable));
  }

  static std::int64_t layer_bytes(const flatbuffers::Vector<flatbuffers::Offset<edgetpu::Layer>>* layers) {
    std::int64_t bytes = 0;
    if (layers != nullptr)
      for (const edgetpu::Layer* layer : *layers) bytes += layer->size_bytes();
    return bytes;
  }

  const Node& node_;
  std::span<const std::uint8_t> options_;
  format::Budget budget_;
};

}  // namespace

std::string_view name_of(EdgeTpuExecutable::Type type) {
  switch (type) {
    case EdgeTpuExecutable::Type::kStandAlone: return "stand-alone";
    case EdgeTpuExecutable::Type::kParameterCaching: return "parameter caching";
    case EdgeTpuExecutable::Type::kExecutionOnly: return "execution only";
  }
  return "unknown";
}

std::int64_t EdgeTpuPackage::cached_bytes() const {
  std::int64_t bytes = 0;
  for (const EdgeTpuExecutable& executable : executables)
    if (executable.type == EdgeTpuExecutable::Type::kParameterCaching) bytes += executable.parameter_bytes;
  return bytes;
}

std::int64_t EdgeTpuPackage::streamed_bytes() const {
  std::int64_t bytes = 0;
  for (const EdgeTpuExecutable& executable : executables)
    if (executable.type != EdgeTpuExecutable::Type::kParameterCaching) bytes += executable.parameter_bytes;
  return bytes;
}

std::int64_t EdgeTpuPackage::instruction_bytes() const {
  std::int64_t bytes = 0;
  for (const EdgeTpuExecutable& executable : executables)
    if (executable.type != EdgeTpuExecutable::Type::kParameterCaching) bytes += executable.instruction_bytes;
  return bytes;
}

std::optional<EdgeTpuPackage> edgetpu_package_of(const Node& node) {
  const auto* compiled = std::get_if<Opaque>(&node.op);
  if (compiled == nullptr || compiled->type != "CUSTOM:edgetpu-custom-op") return std::nullopt;
  return PackageReader(node, compiled->options).read();
}

}  // namespace Atoll
