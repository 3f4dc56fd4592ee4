#include "data/sources.h"
#include "fuzz/file_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    Atoll::fuzz::put("data_batch_1.bin", bytes);
    const auto pictures = Atoll::open_cifar10(Atoll::fuzz::own_folder().string(), Atoll::Split::kTrain);
    for (std::int64_t i = 0; i < pictures->size(); ++i) pictures->image(i);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::byte> batch;
  for (int label = 0; label < 10; ++label) {
    batch.push_back(static_cast<std::byte>(label));
    batch.insert(batch.end(), 3 * 32 * 32, std::byte{7});
  }
  return {batch};
}
