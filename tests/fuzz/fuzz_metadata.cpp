#include "format/networks.h"
#include "format/tflite_metadata.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    static const Atoll::Graph network = Atoll::format_test::classifier();
    Atoll::Graph graph = network;
    Atoll::format::Budget budget("fuzz", bytes.size());
    const std::vector<std::byte> aligned(bytes.begin(), bytes.end());
    Atoll::format::read_note(graph, aligned);
    Atoll::format::read_metadata(graph, aligned, aligned, budget);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  Graph labelled = format_test::classifier();
  labelled.preprocessing = Preprocessing{};
  Graph by_channel = labelled;
  by_channel.preprocessing->mean = {1, 2, 3};
  by_channel.preprocessing->std = {4, 5, 6};
  labelled.labels = {"a", "b", "c", "d"};
  return {format::write_metadata(labelled), format::write_metadata(by_channel), format::write_note(labelled)};
}
