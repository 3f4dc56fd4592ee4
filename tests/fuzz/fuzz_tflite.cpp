#include "atoll/model.h"
#include "format/networks.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(
      data, size, [](std::span<const std::byte> bytes) { Atoll::summary_of(Atoll::read_tflite(bytes, "fuzz")); });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::vector<std::byte>> files;
  for (const Graph& graph : format_test::of_every_scheme()) files.push_back(write_tflite(graph));
  return files;
}
