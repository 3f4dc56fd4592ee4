#include "data/fixtures.h"
#include "data/sources.h"
#include "fuzz/file_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    static const auto picture = Atoll::fuzz::put("a.png", Atoll::fixtures::png(Atoll::fixtures::gradient(3, 3, 3)));
    const auto file = Atoll::fuzz::put("pictures.csv", bytes);
    Atoll::open_csv(file.string(), Atoll::Split::kTrain, {});
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::string rows = "path,label\n";
  for (int i = 0; i < 12; ++i) rows += i % 2 == 0 ? "a.png,cat\n" : "\"a.png\",\"dog, \"\"old\"\"\"\n";
  return {bytes_of(rows), bytes_of("a.png,0\r\na.png,1\r\n")};
}
