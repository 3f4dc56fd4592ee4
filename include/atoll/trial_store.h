// TrialStore: what is kept of one search, every trial as soon as it is known, and the queue from which workers take
// the trainings. A file (SQLite) for the processes of one machine, or a postgresql:// URL for those of many. Every
// call is one transaction; on a PostgreSQL that cannot be reached it is repeated until the database is back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "atoll/search.h"

namespace Atoll {

struct StoreOptions {
  double patience_s = 600;        // how long a lost database is waited for
  double answer_s = 30;           // a connection that does not answer for so long counts as lost
  std::function<bool()> give_up;  // asked while waiting; true: no longer
};

// A worker's hold on a trial: it lasts so many seconds from the last sign of life, by the clock of the database.
struct Lease {
  std::string worker;  // its name, for people
  std::string token;   // that nobody else has; one for each attempt
  double seconds = 60;
};
enum class LeaseState {
  kHeld,
  kTaken,   // another worker has the trial: this one's result counts if it comes first
  kCounted  // the trial has its result: whatever comes now does not count
};

class TrialStore {
 public:
  virtual ~TrialStore() = default;
  virtual const std::string& name() const = 0;      // as a person calls it, without a password
  virtual const std::string& settings() const = 0;  // of its search
  virtual const std::string& task() const = 0;      // SearchTask as JSON; empty: the search has no workers
  virtual bool over() const = 0;                    // the search has its result
  virtual std::vector<Trial> trials() const = 0;    // by number

  // --- for the search that owns the store
  virtual void add(const std::vector<Trial>& trials) = 0;
  virtual void offer(const Trial& trial) = 0;  // kWaiting: to all workers; kRunning: the search trains it itself
  virtual std::vector<Trial> finished(const std::vector<std::int64_t>& numbers) const = 0;  // those that are
  virtual void set_over() = 0;

  // --- for its workers
  // A trial that waits, or whose worker gave no sign of life for longer than its lease. A trial that three workers
  // began and none ended fails instead.
  virtual std::optional<Trial> claim(const Lease& lease) = 0;
  virtual LeaseState renew(std::int64_t number, const Lease& lease) = 0;
  virtual void release(std::int64_t number, const Lease& lease) = 0;  // back into the queue
  // The result of a training (done, failed or stopped). False: the trial has one already, and this one is dropped.
  virtual bool finish(const Trial& trial) = 0;
};

// The store of a search, made where there is none. Throws Error when it belongs to another search (`settings`
// differ), when it exists and `resume` is not set, when another search uses it right now, and when it was written by
// a version that this one cannot bring up to date.
std::unique_ptr<TrialStore> own_store(const std::string& store, const std::string& settings, const std::string& task,
                                      bool resume, const StoreOptions& options = {});
// An existing one, to read it or to work for its search.
std::unique_ptr<TrialStore> open_store(const std::string& store, const StoreOptions& options = {});

}  // namespace Atoll
