#include "fuzz/file_reader.h"
#include "search/factorized_space.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    const std::string json(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Atoll::FactorizedSpace space(Atoll::read_space_table(json, "fuzz.json"), {32, 32, 3, 4});
    space.decisions();
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  return {bytes_of(R"({"name": "mine", "activation": "relu6", "dropout": 0.1,
                       "stem": {"stride": 2, "channels": [8, 16]},
                       "stages": [{"stride": 2, "block": ["fused3x3", "depthwise5x5"], "expansion": 4,
                                   "channels": [16, 24], "repeats": [1, 2], "squeeze": [0, 0.25]},
                                  {"block": "plain3x3", "channels": 32}],
                       "head": [0, 64]})")};
}
