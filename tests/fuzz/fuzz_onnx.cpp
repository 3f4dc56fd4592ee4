#include "atoll/model.h"
#include "format/networks.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(
      data, size, [](std::span<const std::byte> bytes) { Atoll::summary_of(Atoll::read_onnx(bytes, "fuzz")); });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  Graph labelled = format_test::classifier();
  labelled.preprocessing = Preprocessing{};
  labelled.labels = {"a", "b", "c", "d"};
  std::vector<std::vector<std::byte>> files;
  for (const Graph& graph : {labelled, format_test::every_op(), format_test::quantized_classifier(DType::kInt8),
                             format_test::quantized_classifier(DType::kUInt8), format_test::dynamic_classifier(),
                             format_test::float16_classifier()})
    files.push_back(write_onnx(graph));
  return files;
}
