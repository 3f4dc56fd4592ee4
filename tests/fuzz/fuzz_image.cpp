#include "data/decode.h"
#include "data/fixtures.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    Atoll::check_image_header(bytes, "fuzz");
    Atoll::decode_image(bytes, "fuzz");
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::vector<std::byte>> files;
  for (const int channels : {1, 3}) {
    const Image image = fixtures::gradient(9, 13, channels);
    files.push_back(fixtures::jpeg(image));
    files.push_back(fixtures::jpeg(image, 50, true));
    files.push_back(fixtures::png(image));
  }
  files.push_back(fixtures::bmp(fixtures::gradient(5, 7, 3)));
  return files;
}
