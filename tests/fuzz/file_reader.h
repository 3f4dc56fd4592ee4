// Readers that take the path of a file: the bytes are put into a folder of the process's own, in memory where there
// is such a place.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>

#include "base/file.h"
#include "fuzz/fuzz_target.h"
#include "temporary_folder.h"

namespace Atoll::fuzz {

inline const std::filesystem::path& own_folder() {
  static const TemporaryFolder folder;
  return folder.path();
}

// Writes the bytes without the care for a good file's life that write_file takes: it flushes to the disk.
inline std::filesystem::path put(const std::string& name, std::span<const std::byte> bytes) {
  const std::filesystem::path path = own_folder() / name;
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) fail("cannot write '{}'", path.string());
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return path;
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

}  // namespace Atoll::fuzz
