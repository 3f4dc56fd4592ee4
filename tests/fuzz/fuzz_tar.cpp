#include "format/tar.h"
#include "format/tar_files.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    const bool packed = bytes.size() > 1 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
    const std::vector<std::byte> unpacked =
        packed ? Atoll::format::unpack_gzip(bytes, "fuzz") : std::vector<std::byte>(bytes.begin(), bytes.end());
    Atoll::format::read_tar(unpacked, "fuzz");
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  const std::vector<std::byte> tar =
      format_test::tar_of({{"a/model.ckpt.index", "xyz"}, {"../b", std::string(600, 'b')}});
  return {tar, format_test::gzip_of(tar)};
}
