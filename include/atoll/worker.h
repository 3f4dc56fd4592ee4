// Worker: a process that trains candidates for a search elsewhere. It takes one trial after the other from the
// search's store, gives a sign of life while it trains, and puts the result back; whatever starts processes (a shell,
// Slurm, Kubernetes) starts workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "atoll/proxy.h"
#include "atoll/trial_store.h"

namespace Atoll {

// All that a process must know to judge a candidate as the search itself would.
struct SearchTask {
  std::string data;  // reference of the data set, with absolute paths
  std::string target, space;
  SpaceOptions size;
  ProxyOptions proxy;
  std::int64_t images = 0;         // of the data set's training split, and
  std::uint64_t classes_hash = 0;  // of its class names: to know it again where it lies elsewhere
};
std::string to_json(const SearchTask& task);
SearchTask read_task(const std::string& json, const std::string& store);  // throws Error naming the field

// The task of the search in a store. Waits so many seconds for a search to begin there; after that, throws Error.
SearchTask await_task(const std::string& store, double seconds, const StoreOptions& options = {});

// Fills images and classes_hash; and throws Error where another data set lies under the reference.
void note_data(SearchTask& task, const Dataset& data);
void require_data(const SearchTask& task, const Dataset& data);
// "imagefolder:photos" with the path made absolute, for processes that run in other folders.
std::string absolute_reference(const std::string& data);

// "host:1234", this process on this machine.
std::string worker_name();

// Trains a candidate: scores, rungs, duration and error are in the trial that comes back, with status kDone,
// kStopped or kFailed. `step` is called after every step, and what it throws goes through; so does Interrupted.
Trial judge(const Space& space, const Objectives& objectives, Trial trial, const std::function<void()>& step = {});

struct WorkerOptions {
  std::string name = worker_name();
  double lease_s = 60;
  StoreOptions store;
};
struct WorkerResult {
  std::int64_t counted = 0;  // results that it brought in
  std::int64_t failed = 0;   // of them, trainings that failed
  std::int64_t late = 0;     // results of trials that had one already, those broken off for it included
};
// Until the search is over. Throws Interrupted after the trial it holds is back in the queue, and Error when the
// store cannot be reached for longer than it has patience. `on_trial` is told of each result that counted.
WorkerResult work(const std::string& store, const Space& space, const Objectives& objectives,
                  const WorkerOptions& options, const std::function<void(const Trial&)>& on_trial = {});

}  // namespace Atoll
