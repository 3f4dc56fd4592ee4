#include "atoll/pytorch.h"
#include "base/file.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size,
                           [](std::span<const std::byte> bytes) { Atoll::read_pytorch_weights(bytes, "fuzz"); });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::vector<std::byte>> files;
  for (const char* name : {"dict.pth", "dict_stream.pth", "checkpoint.pth"})
    files.push_back(read_file(std::string(ATOLL_SOURCE_DIR "/tests/format/pytorch/") + name));
  return files;
}
