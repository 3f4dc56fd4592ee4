#include "atoll/compiled.h"
#include "format/edgetpu_files.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [&](std::span<const std::byte>) {
    Atoll::Node node{.name = "fuzz"};
    node.op = Atoll::Opaque{.type = "CUSTOM:edgetpu-custom-op", .options = {data, data + size}};
    Atoll::edgetpu_package_of(node);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  std::vector<std::vector<std::byte>> files;
  for (const auto& options : {format_test::compiled_options({{1, 0, 100, 20}, {2, 30, 40, 50}}),
                              format_test::compiled_options({{0, 7, 8, 9}})}) {
    const auto* first = reinterpret_cast<const std::byte*>(options.data());
    files.emplace_back(first, first + options.size());
  }
  return files;
}
