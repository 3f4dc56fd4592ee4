#include "fuzz/fuzz_target.h"
#include "runtime/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) { Atoll::read_npy(bytes, "fuzz"); });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  const std::vector<std::byte> bytes(24);
  return {write_npy(DType::kFloat32, {1, 2, 3}, bytes), write_npy(DType::kInt8, {24}, bytes)};
}
