#include "atoll/worker.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "atoll/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/timer.h"
#include "search/lease_keeper.h"

namespace Atoll {
namespace {

constexpr double kFirstPollMs = 50, kLongestPollMs = 2000;  // between looks for a trial

// Not a random number of the search: two workers must not share one, whatever their seeds.
std::string new_token() {
  static thread_local std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

class Worker {
 public:
  Worker(const std::string& url, const Space& space, const Objectives& objectives, const WorkerOptions& options,
         const std::function<void(const Trial&)>& on_trial)
      : url_(url),
        space_(space),
        objectives_(objectives),
        options_(options),
        on_trial_(on_trial),
        store_(open_store(url, options.store)) {
    if (!(options.lease_s > 0)) fail("a lease of {} s is none: it must last longer", options.lease_s);
  }

  WorkerResult run() {
    double pause_ms = kFirstPollMs;
    for (;;) {
      throw_if_interrupted();
      const Lease lease{.worker = options_.name, .token = new_token(), .seconds = options_.lease_s};
      if (std::optional<Trial> trial = store_->claim(lease)) {
        evaluate(std::move(*trial), lease);
        pause_ms = kFirstPollMs;
        continue;
      }
      if (store_->over()) return result_;
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(pause_ms));
      pause_ms = std::min(1.5 * pause_ms, kLongestPollMs);
    }
  }

 private:
  void evaluate(Trial trial, const Lease& lease) {
    const std::int64_t number = trial.number;
    try {
      {
        const LeaseKeeper keeper(url_, number, lease, options_.store);
        trial = judge(space_, objectives_, std::move(trial), [&] { keeper.throw_if_counted(); });
      }
      bring_in(trial);
    } catch (const AlreadyCounted&) {
      ++result_.late;
    } catch (const Interrupted&) {
      store_->release(number, lease);
      throw;
    }
  }

  void bring_in(const Trial& trial) {
    if (!store_->finish(trial)) {
      ++result_.late;
      say("the result of trial {} came too late: another worker brought one in before", trial.number);
      return;
    }
    ++result_.counted;
    result_.failed += trial.status == TrialStatus::kFailed;
    if (on_trial_) on_trial_(trial);
  }

  const std::string url_;
  const Space& space_;
  const Objectives& objectives_;
  const WorkerOptions& options_;
  const std::function<void(const Trial&)>& on_trial_;
  std::unique_ptr<TrialStore> store_;
  WorkerResult result_;
};

}  // namespace

std::string worker_name() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '?';
  return fmt::format("{}:{}", host, ::getpid());
}

SearchTask await_task(const std::string& store, double seconds, const StoreOptions& options) {
  const double deadline = seconds_now() + seconds;
  for (bool told = false;; told = true) {
    try {
      const auto opened = open_store(store, options);
      return read_task(opened->task(), opened->name());
    } catch (const Error& error) {
      if (seconds_now() > deadline) throw;
      if (!told) say("waiting for a search to begin: {}", error.what());
    }
    throw_if_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

WorkerResult work(const std::string& store, const Space& space, const Objectives& objectives,
                  const WorkerOptions& options, const std::function<void(const Trial&)>& on_trial) {
  return Worker(store, space, objectives, options, on_trial).run();
}

}  // namespace Atoll
