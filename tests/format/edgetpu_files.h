// The options of a compiled network's custom op, written as libedgetpu's custom_op_data.cc reads them.
#pragma once

#include <flatbuffers/flexbuffers.h>

#include <cstdint>
#include <string>
#include <vector>

#include "format/edgetpu_executable_generated.h"

namespace Atoll::format_test {

struct ExecutableSizes {
  int type = 0;  // 0 stand-alone, 1 parameter caching, 2 execution only
  std::size_t parameters = 0, first_stream = 0, second_stream = 0;
};

inline std::string finished(flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

inline std::string executable_of(const ExecutableSizes& sizes) {
  flatbuffers::FlatBufferBuilder b;
  const auto bytes = [&](std::size_t size) { return b.CreateVector(std::vector<std::uint8_t>(size, 7)); };
  std::vector<flatbuffers::Offset<edgetpu::InstructionBitstream>> streams;
  for (const std::size_t size : {sizes.first_stream, sizes.second_stream})
    streams.push_back(edgetpu::CreateInstructionBitstream(b, bytes(size)));
  const auto streams_offset = b.CreateVector(streams);
  const auto parameters = bytes(sizes.parameters);
  const auto chip = b.CreateString("beagle");
  edgetpu::ExecutableBuilder executable(b);
  executable.add_instruction_bitstreams(streams_offset);
  executable.add_parameters(parameters);
  executable.add_chip(chip);
  executable.add_used_narrow_memory_bytes_per_tile(832);
  executable.add_type(static_cast<edgetpu::ExecutableType>(sizes.type));
  b.Finish(executable.Finish());
  return finished(b);
}

inline std::vector<std::uint8_t> compiled_options(const std::vector<ExecutableSizes>& executables) {
  flatbuffers::FlatBufferBuilder multi, package;
  std::vector<flatbuffers::Offset<flatbuffers::String>> strings;
  for (const ExecutableSizes& sizes : executables) strings.push_back(multi.CreateString(executable_of(sizes)));
  multi.Finish(edgetpu::CreateMultiExecutable(multi, multi.CreateVector(strings)));
  const auto content = package.CreateVector(multi.GetBufferPointer(), multi.GetSize());
  const auto version = package.CreateString("cl/343520747");
  edgetpu::PackageBuilder builder(package);
  builder.add_min_runtime_version(13);
  builder.add_serialized_multi_executable(content);
  builder.add_compiler_version(version);
  package.Finish(builder.Finish(), "DWN1");
  flexbuffers::Builder options;
  options.Map([&] {
    options.Int("1", 1);
    options.String("4", finished(package));
  });
  options.Finish();
  return options.GetBuffer();
}

}  // namespace Atoll::format_test
