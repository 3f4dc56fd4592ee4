#include "search/lease_keeper.h"

#include <algorithm>
#include <chrono>

#include "atoll/error.h"
#include "base/log.h"

namespace Atoll {
namespace {

constexpr double kSignsPerLease = 3;

}  // namespace

LeaseKeeper::LeaseKeeper(std::string store, std::int64_t trial, Lease lease, StoreOptions options)
    : store_(std::move(store)), trial_(trial), lease_(std::move(lease)), options_(std::move(options)) {
  // What is not answered within a lease is too late; the next sign may come through.
  options_.answer_s = std::min(std::max(lease_.seconds / 2, 0.5), options_.answer_s);
  options_.give_up = [this] { return over_.load(); };
  thread_ = std::thread([this] { keep(); });
}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool LeaseKeeper::pause() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::duration<double>(lease_.seconds / kSignsPerLease), [&] { return over_.load(); });
  return !over_;
}

void LeaseKeeper::keep() {
  std::unique_ptr<TrialStore> store;
  bool taken = false;
  while (pause()) {
    try {
      if (!store) store = open_store(store_, options_);
      const LeaseState state = store->renew(trial_, lease_);
      if (state == LeaseState::kTaken && !taken)
        say("trial {} was given to another worker while the store was out of reach; the first result counts", trial_);
      taken = state == LeaseState::kTaken;
      if (state == LeaseState::kCounted) counted_ = true;
    } catch (const Interrupted&) {
      // The training ends, by itself or by Ctrl-C.
      store.reset();
    } catch (const Error&) {
      store.reset();  // cut off: the result may still come in time, so the training goes on
    }
  }
}

}  // namespace Atoll
