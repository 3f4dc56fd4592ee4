// StoreLock: one search at a time on one store. An advisory lock on a file beside the store, which the
// operating system releases however the process ends.
#pragma once

#include <filesystem>

namespace Atoll {

class StoreLock {
 public:
  explicit StoreLock(const std::filesystem::path& store);  // throws Error when another search holds it
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace Atoll
