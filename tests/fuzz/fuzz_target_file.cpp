#include <string>

#include "atoll/calibrate.h"
#include "atoll/target.h"
#include "fuzz/fuzz_target.h"
#include "target/synthetic_device.h"
#include "target/target_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    static const Atoll::Graph graph = Atoll::synthetic::measured(1, 1)[0].graph;
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    Atoll::read_target(text, "fuzz.json")->predict(graph);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::vector<std::byte>> files;
  const auto add = [&](const std::string& text) {
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    files.emplace_back(first, first + text.size());
  };
  add(target_file(*open_target("edgetpu-usb3")));
  add(calibrate(synthetic::measured(5, 1), {.kind = CalibrationKind::kRegression}).json);
  return files;
}
