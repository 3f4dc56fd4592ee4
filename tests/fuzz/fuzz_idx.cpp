#include "data/sources.h"
#include "fuzz/file_reader.h"

// The bytes are the pictures; the labels are good.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    using namespace std::string_view_literals;
    Atoll::fuzz::put("train-images-idx3-ubyte", bytes);
    Atoll::fuzz::put("train-labels-idx1-ubyte", Atoll::fuzz::bytes_of("\0\0\x08\x01\0\0\0\x02\0\x01"sv));
    const auto pictures = Atoll::open_idx(Atoll::fuzz::own_folder().string(), Atoll::Split::kTrain);
    for (std::int64_t i = 0; i < pictures->size(); ++i) pictures->image(i);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  using namespace std::string_view_literals;
  return {
      bytes_of("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
               "abcdefghijkl"sv)};
}
