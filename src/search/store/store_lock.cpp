#include "search/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "atoll/error.h"

namespace Atoll {

StoreLock::StoreLock(const std::filesystem::path& store) {
  // Not the store itself: closing any descriptor of that would drop SQLite's own locks.
  const std::string path = store.string() + ".lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("cannot write '{}': {}", path, std::strerror(errno));
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    ::close(file_);
    fail("trial store '{}' is in use by another search", store.string());
  }
}

StoreLock::~StoreLock() { ::close(file_); }

}  // namespace Atoll
