// The zip archive that torch.save writes: every file in it stored, never packed, so that reading it takes no
// memory and cannot unfold. Other archives are refused.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "format/budget.h"

namespace Atoll::format {

class PytorchArchive {
 public:
  // Throws Error for a malformed archive. `bytes` must outlive this; its directory is charged to the budget.
  PytorchArchive(std::span<const std::byte> bytes, std::string_view file, Budget& budget);

  // Whether `bytes` begin as a zip archive does.
  static bool recognises(std::span<const std::byte> bytes);

  // The file called `name` in the archive's one folder. Throws Error where there is none, and for a wrong checksum.
  std::span<const std::byte> entry(const std::string& name) const;

 private:
  struct Entry {
    std::size_t start = 0, size = 0;
    std::uint32_t crc = 0;
  };
  std::span<const std::byte> bytes_;
  std::string file_;
  std::unordered_map<std::string, Entry> entries_;  // without the folder
};

}  // namespace Atoll::format
