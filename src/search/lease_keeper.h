// LeaseKeeper: the signs of life of one trial's training, from a thread and a connection of its own, so that neither
// a long training step nor a slow database makes a healthy worker look dead.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "atoll/trial_store.h"

namespace Atoll {

// The trial has its result from another worker: this one's need not be.
struct AlreadyCounted {};

class LeaseKeeper {
 public:
  LeaseKeeper(std::string store, std::int64_t trial, Lease lease, StoreOptions options);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  void throw_if_counted() const {
    if (counted_.load()) throw AlreadyCounted{};
  }

 private:
  void keep();
  bool pause();  // false: it is over

  const std::string store_;
  const std::int64_t trial_;
  const Lease lease_;
  StoreOptions options_;
  std::atomic<bool> counted_{false}, over_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace Atoll
