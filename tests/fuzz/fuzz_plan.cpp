#include "fit/plan.h"
#include "fuzz/file_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(
      data, size, [](std::span<const std::byte> bytes) { Atoll::read_run(Atoll::fuzz::put("plan.json", bytes)); });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  const nlohmann::json json = {
      {"format", "atoll-fit"}, {"version", 1}, {"settings", to_json(FitSettings{})}, {"plan", to_json(FitPlan{})}};
  return {bytes_of(json.dump())};
}
