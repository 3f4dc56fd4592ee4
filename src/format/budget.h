// Budget: what a reader may still allocate. A small hostile file can point at the same bytes a thousand times;
// a reader that charges everything it copies to a Budget needs at most a fixed multiple of the file's size.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "atoll/error.h"

namespace Atoll::format {

class Budget {
 public:
  // 16 times the file and 4 MiB on top: real files, which point at everything once, need a third of that.
  Budget(std::string name, std::uint64_t file_size)
      : name_(std::move(name)), left_(file_size * 16 + (std::uint64_t{4} << 20)) {}

  // Another file of the same model.
  void grow(std::uint64_t file_size) { left_ += file_size * 16; }

  void charge(std::uint64_t bytes) {
    if (bytes > left_) fail("'{}' is malformed: it unfolds to more than 16 times its own size", name_);
    left_ -= bytes;
  }

 private:
  std::string name_;
  std::uint64_t left_;
};

}  // namespace Atoll::format
