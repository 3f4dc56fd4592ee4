// The tensors of a .tflite file as a Graph's tensors: types, shapes, quantization and constants, all checked.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "atoll/tensor.h"
#include "format/budget.h"
#include "format/tflite_generated.h"

namespace Atoll::format {

// The file being read. The flatbuffers verifier has passed it: every offset in it is in bounds.
struct TfliteFile {
  std::string name;
  std::span<const std::byte> bytes;
  const tflite::Model& model;
  Budget budget;
};

// The model's buffers, each copied once however many tensors name it.
class TfliteBuffers {
 public:
  explicit TfliteBuffers(TfliteFile& file) : file_(file) {}
  Data data(std::uint32_t index);                                                // empty Data for an empty buffer
  std::span<const std::byte> view(std::uint32_t index);                          // no copy
  std::span<const std::byte> outside(std::uint64_t offset, std::uint64_t size);  // beyond the flatbuffer

 private:
  TfliteFile& file_;
  std::map<std::pair<const std::byte*, std::size_t>, Data> copies_;
};

Tensor read_tensor(TfliteFile& file, TfliteBuffers& buffers, const tflite::Tensor& source, std::size_t index);

}  // namespace Atoll::format
