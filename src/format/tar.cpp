#include "format/tar.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "atoll/error.h"
#include "format/budget.h"
#include "format/text.h"

namespace Atoll::format {
namespace {

constexpr std::size_t kBlock = 512;
// Fields of a header: where they start and how long they are.
struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1};

std::string text_of(std::span<const std::byte> header, Field field) {
  const char* first = reinterpret_cast<const char*>(header.data()) + field.at;
  return std::string(first, strnlen(first, field.size));
}

std::optional<std::uint64_t> octal(std::span<const std::byte> header, Field field) {
  std::uint64_t value = 0;
  bool found = false;
  for (const char digit : text_of(header, field)) {
    if (digit == ' ') continue;
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(digit - '0');
    found = true;
  }
  return found ? std::optional(value) : std::nullopt;
}

// The sum of all bytes, those of the checksum itself counted as spaces.
std::uint64_t checksum_of(std::span<const std::byte> header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += own ? ' ' : std::to_integer<std::uint64_t>(header[i]);
  }
  return sum;
}

bool is_zero(std::span<const std::byte> block) {
  for (const std::byte byte : block)
    if (byte != std::byte{0}) return false;
  return true;
}

}  // namespace

std::vector<std::byte> unpack_gzip(std::span<const std::byte> packed, const std::string& name) {
  constexpr int kGzipWindow = MAX_WBITS + 16;
  Budget budget(name, packed.size());
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) fail("zlib cannot start to unpack '{}'", name);
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  std::vector<std::byte> unpacked;
  std::array<std::byte, 1 << 16> chunk;
  std::span<const std::byte> rest = packed;
  for (int status = Z_OK; !rest.empty() || status == Z_OK;) {
    const std::size_t given = std::min<std::size_t>(rest.size(), std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest.data()));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) fail("'{}' is no gzip archive, or is damaged or cut off", name);
    rest = rest.subspan(given - stream.avail_in);
    const std::size_t made = chunk.size() - stream.avail_out;
    budget.charge(made);
    unpacked.insert(unpacked.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made));
    if (status == Z_STREAM_END && !rest.empty()) inflateReset(&stream);  // another member follows
  }
  return unpacked;
}

std::map<std::string, std::span<const std::byte>> read_tar(std::span<const std::byte> archive,
                                                           const std::string& name) {
  std::map<std::string, std::span<const std::byte>> files;
  std::string long_name;
  std::size_t at = 0;
  while (archive.size() - at >= kBlock) {
    const std::span<const std::byte> header = archive.subspan(at, kBlock);
    if (is_zero(header)) return files;
    const std::optional<std::uint64_t> size = octal(header, kSize);
    if (octal(header, kChecksum) != checksum_of(header) || !size)
      fail("'{}' is no tar archive, or is damaged: the header at {} has a wrong checksum or size", name, at);
    at += kBlock;
    if (*size > archive.size() - at) fail("'{}' is a tar archive that was cut off", name);
    const std::span<const std::byte> content = archive.subspan(at, static_cast<std::size_t>(*size));
    const std::size_t padded = (content.size() + kBlock - 1) / kBlock * kBlock;
    at += std::min(padded, archive.size() - at);
    const char type = static_cast<char>(header[kType.at]);
    if (type == 'L') {
      long_name.assign(reinterpret_cast<const char*>(content.data()), content.size());
      long_name.resize(strnlen(long_name.data(), long_name.size()));
      continue;
    }
    const std::string path = long_name.empty() ? text_of(header, kName) : long_name;
    long_name.clear();
    if (type != '0' && type != 0) continue;
    const std::string last = clean_text(path.substr(path.rfind('/') + 1));
    if (!files.emplace(last, content).second) fail("'{}' holds two files called '{}'", name, last);
  }
  fail("'{}' is a tar archive that was cut off", name);
}

}  // namespace Atoll::format
