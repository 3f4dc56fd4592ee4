#include <zlib.h>

#include "atoll/error.h"
#include "atoll/prune.h"

namespace Atoll {

std::int64_t gzip_bytes(std::span<const std::byte> file) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    fail("zlib cannot start to compress");
  std::vector<std::byte> block(std::size_t{1} << 16);
  std::int64_t total = 0;
  constexpr std::size_t kMost = std::size_t{1} << 30;  // of what zlib's 32-bit counters take at a time
  do {
    const std::size_t part = std::min(file.size(), kMost);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(file.data()));
    stream.avail_in = static_cast<uInt>(part);
    file = file.subspan(part);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      deflate(&stream, file.empty() ? Z_FINISH : Z_NO_FLUSH);
      total += static_cast<std::int64_t>(block.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!file.empty());
  deflateEnd(&stream);
  return total;
}

}  // namespace Atoll
