// The first byte says whether the rest is a whole index, whose checksums rarely survive a change, or the entries of a
// block to which right checksums are made.
#include "atoll/tensorflow.h"
#include "format/checkpoint_files.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    const std::span<const std::byte> rest = bytes.subspan(1);
    const std::vector<std::byte> index =
        std::to_integer<int>(bytes[0]) == 0
            ? std::vector<std::byte>(rest.begin(), rest.end())
            : Atoll::format_test::table_around({reinterpret_cast<const char*>(rest.data()), rest.size()});
    const std::vector<std::byte> shard(256);
    Atoll::read_tensorflow_checkpoint(
        index, [&](int, int) { return std::span<const std::byte>(shard); }, "fuzz");
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  const format_test::CheckpointFiles files =
      format_test::checkpoint_of({{"a/kernel", {3}, {0, 0, 0}}, {"b", {2, 2}, {0, 0, 0, 0}}});
  std::vector<std::byte> whole = {std::byte{0}}, block = {std::byte{1}};
  whole.insert(whole.end(), files.index.begin(), files.index.end());
  const std::string entries = format_test::block_of(
      {{"", format_test::bundle_header(2)},
       {"half", format_test::bundle_entry({.type = 19, .size = 8, .checksum = 0x8a9136aa, .shape = {4}})},
       {"objects", format_test::bundle_entry({.type = 7, .size = 20})}});
  for (const char c : entries) block.push_back(static_cast<std::byte>(c));
  return {whole, block};
}
