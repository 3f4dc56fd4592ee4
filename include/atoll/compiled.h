// What the Edge TPU compiler made of a network: the executables inside the one custom op of a compiled .tflite file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

struct EdgeTpuExecutable {
  enum class Type : std::uint8_t {
    kStandAlone,        // everything for an inference
    kParameterCaching,  // run once: fills the chip's memory with parameters
    kExecutionOnly,     // run for every inference, with the cached parameters
  };
  Type type = Type::kStandAlone;
  std::string name, chip;
  std::int64_t parameter_bytes = 0;
  std::int64_t instruction_bytes = 0, instruction_streams = 0;
  std::int64_t scratch_bytes = 0;
  std::int64_t narrow_bytes_per_tile = 0;  // of activations
  std::int64_t input_bytes = 0, output_bytes = 0;
  std::int64_t estimated_cycles = 0;  // the compiler's; 0 where it did not say
};
std::string_view name_of(EdgeTpuExecutable::Type type);  // "parameter caching", ...

struct EdgeTpuPackage {
  std::string compiler_version;
  int min_runtime_version = 0;
  std::vector<EdgeTpuExecutable> executables;

  std::int64_t cached_bytes() const;       // of parameters, sent once
  std::int64_t streamed_bytes() const;     // of parameters, sent in every inference
  std::int64_t instruction_bytes() const;  // of an inference
};

// Nothing where the node is not the op of a compiled network. Throws Error where its package is malformed. Memory: at
// most 16 times the package.
std::optional<EdgeTpuPackage> edgetpu_package_of(const Node& node);

}  // namespace Atoll
