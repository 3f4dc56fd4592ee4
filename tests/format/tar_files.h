// Archives written by hand, after POSIX's ustar format.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "atoll/error.h"

namespace Atoll::format_test {

inline std::string tar_header(const std::string& name, std::uint64_t size, char type) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header;
}

inline std::vector<std::byte> tar_of(const std::vector<std::pair<std::string, std::string>>& files, char type = '0') {
  std::string tar;
  for (const auto& [name, content] : files) {
    tar += tar_header(name, content.size(), type) + content;
    tar.resize((tar.size() + 511) / 512 * 512);
  }
  tar.resize(tar.size() + 1024);
  std::vector<std::byte> bytes(tar.size());
  std::memcpy(bytes.data(), tar.data(), tar.size());
  return bytes;
}

inline std::vector<std::byte> gzip_of(const std::vector<std::byte>& content, int level = Z_BEST_COMPRESSION) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::vector<std::byte> packed(deflateBound(&stream, content.size()) + 64);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace Atoll::format_test
