#include "search/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "atoll/error.h"
#include "base/timer.h"

namespace Atoll {
namespace {

// A process that was killed holds its locks until the system has cleared it away, which a busy one does later.
constexpr double kLockSeconds = 1.5;

}  // namespace

StoreLock::StoreLock(const std::filesystem::path& store) {
  // Not the store itself: closing any descriptor of that would drop SQLite's own locks.
  const std::string path = store.string() + ".lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("cannot write '{}': {}", path, std::strerror(errno));
  for (const double deadline = seconds_now() + kLockSeconds; ::flock(file_, LOCK_EX | LOCK_NB) != 0;) {
    if (seconds_now() > deadline) {
      ::close(file_);
      fail("trial store '{}' is in use by another search", store.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

StoreLock::~StoreLock() { ::close(file_); }

}  // namespace Atoll
