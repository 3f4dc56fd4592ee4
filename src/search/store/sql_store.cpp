#include "search/store/sql_store.h"

#include <algorithm>

#include "atoll/error.h"
#include "search/store/schema.h"
#include "search/store/trial_text.h"

namespace Atoll {
namespace {

constexpr const char* kColumns =
    "number, genotype, seed, status, accuracy, latency_ms, reward, feasible, macs, params, work, size_bytes, "
    "memory_bytes, offchip_bytes, seconds, error, worker, rungs, finished, attempts";
constexpr std::size_t kColumnCount = 20;
constexpr std::int64_t kMaxAttempts = 3;
// In the words of the queue's index, so that it is used.
constexpr const char* kInQueue = "status IN (0, 5)";
static_assert(static_cast<int>(TrialStatus::kRunning) == 0 && static_cast<int>(TrialStatus::kWaiting) == 5);

Value number_of(TrialStatus status) { return std::int64_t{static_cast<int>(status)}; }

void append(std::vector<Value>& values, const Trial& t) {
  const Scores& s = t.scores;
  values.insert(values.end(), {t.number,
                               text_of(t.genotype),
                               static_cast<std::int64_t>(t.seed),
                               number_of(t.status),
                               s.accuracy,
                               s.latency_ms,
                               s.reward,
                               std::int64_t{s.feasible},
                               t.macs,
                               t.params,
                               t.work,
                               s.size_bytes,
                               s.memory_bytes,
                               s.offchip_bytes,
                               t.seconds,
                               t.error,
                               t.worker,
                               text_of(t.rungs),
                               t.finished,
                               t.attempts});
}

Trial trial_of(const Row& row, const std::string& store) {
  const std::int64_t status = row.integer(3);
  if (status < 0 || status > static_cast<int>(TrialStatus::kStopped))
    fail("trial store '{}' is damaged: trial {} has status {}", store, row.integer(0), status);
  return {.number = row.integer(0),
          .genotype = genotype_of(row.text(1), store),
          .seed = static_cast<std::uint64_t>(row.integer(2)),
          .status = static_cast<TrialStatus>(status),
          .scores = {row.real(4), row.real(5), row.real(6), row.integer(7) != 0, row.integer(11), row.integer(12),
                     row.integer(13)},
          .macs = row.integer(8),
          .params = row.integer(9),
          .work = row.real(10),
          .seconds = row.real(14),
          .error = row.text(15),
          .worker = row.text(16),
          .rungs = rungs_of(row.text(17), store),
          .finished = row.integer(18),
          .attempts = row.integer(19)};
}

// "($1, …, $20), ($21, …)"
std::string placeholders(std::size_t rows) {
  std::string text;
  for (std::size_t i = 0; i < rows * kColumnCount; ++i)
    text += fmt::format("{}${}{}",
                        i == 0                  ? "("
                        : i % kColumnCount == 0 ? ", ("
                                                : ", ",
                        i + 1, i % kColumnCount == kColumnCount - 1 ? ")" : "");
  return text;
}

// Of settings like "space edgetpu, seed 1", those that the others do not say; all of them where that is none.
std::string differing(const std::string& settings, const std::string& others) {
  constexpr std::string_view kComma = ", ";
  const std::string there = fmt::format("{}{}{}", kComma, others, kComma);
  std::string text;
  for (std::size_t at = 0; at < settings.size();) {
    const std::size_t end = std::min(settings.find(kComma, at), settings.size());
    const std::string part = settings.substr(at, end - at);
    if (there.find(fmt::format("{}{}{}", kComma, part, kComma)) == std::string::npos)
      text += (text.empty() ? "" : ", ") + part;
    at = end + kComma.size();
  }
  return text.empty() ? settings : text;
}

}  // namespace

void SqlStore::make(const std::string& settings, const std::string& task, bool resume) {
  database_->own();
  owned_ = true;
  bool exists = false;
  database_->read([&] { exists = database_->has_store(); });
  if (exists && !resume) fail("trial store '{}' exists already: resume that search, or name another one", name());
  if (!exists) create_tables(*database_, settings, task);
  read_header();
  if (settings_ != settings)
    fail("trial store '{}' belongs to another search: it has {}, but this search has {}", name(),
         differing(settings_, settings), differing(settings, settings_));
  task_ = task;  // where the data lies may have changed
  database_->write([&] {
    database_->execute("UPDATE search SET task = $1, complete = 0", {task});
    // What its owner was training itself when it ended, nobody trains now.
    database_->execute("UPDATE trials SET status = 5 WHERE status = 0 AND lease_until IS NULL");
  });
}

void SqlStore::read_header() {
  std::int64_t version = 0;
  database_->read([&] {
    if (!database_->has_store()) fail("trial store '{}' has no search yet", name());
    version = version_of(*database_);
  });
  if (!is_current(version)) bring_up_to_date();
  database_->read([&] {
    database_->execute("SELECT settings, task FROM search", {}, [&](const Row& row) {
      settings_ = row.text(0);
      task_ = row.text(1);
    });
  });
}

// Not under the feet of an older program that searches.
void SqlStore::bring_up_to_date() {
  if (!owned_) database_->own();
  database_->write([&] {
    if (const std::int64_t version = version_of(*database_); !is_current(version)) migrate(*database_, version);
  });
  if (!owned_) database_->disown();
}

bool SqlStore::over() const {
  bool over = false;
  database_->read([&] {
    database_->execute("SELECT complete FROM search", {}, [&](const Row& row) { over = row.integer(0) != 0; });
  });
  return over;
}

std::vector<Trial> SqlStore::select(const std::string& rest) const {
  std::vector<Trial> trials;
  database_->execute(fmt::format("SELECT {} FROM trials {}", kColumns, rest), {},
                     [&](const Row& row) { trials.push_back(trial_of(row, name())); });
  return trials;
}

std::vector<Trial> SqlStore::trials() const {
  std::vector<Trial> trials;
  database_->read([&] { trials = select("ORDER BY number"); });
  return trials;
}

std::vector<Trial> SqlStore::finished(const std::vector<std::int64_t>& numbers) const {
  std::vector<Trial> trials;
  database_->read([&] {
    trials = select(fmt::format("WHERE finished > 0 AND number IN ({}) ORDER BY finished", fmt::join(numbers, ", ")));
  });
  return trials;
}

void SqlStore::insert(const std::vector<Trial>& trials) {
  for (std::size_t first = 0; first < trials.size();) {
    const std::size_t rows = std::min(database_->dialect().insert_rows, trials.size() - first);
    std::vector<Value> values;
    values.reserve(rows * kColumnCount);
    for (std::size_t i = 0; i < rows; ++i) append(values, trials[first + i]);
    // A trial that is there was added by a transaction whose answer was lost.
    database_->later(
        fmt::format("INSERT INTO trials ({}) VALUES {} ON CONFLICT (number) DO NOTHING", kColumns, placeholders(rows)),
        values);
    first += rows;
  }
}

void SqlStore::insert_unsure() {
  if (database_->session() != unsure_session_) insert(unsure_);
}

void SqlStore::add(const std::vector<Trial>& trials) {
  database_->write_soon([&] {
    insert_unsure();
    insert(trials);
  });
  unsure_.insert(unsure_.end(), trials.begin(), trials.end());
  unsure_session_ = database_->session();
}

void SqlStore::offer(const Trial& trial) {
  const bool own = trial.status == TrialStatus::kRunning;
  const auto body = [&] {
    insert_unsure();
    database_->later(
        "UPDATE trials SET status = $2, rungs = $3, worker = $4, token = '', lease_until = NULL, "
        "attempts = attempts + $5 WHERE number = $1 AND finished = 0",
        {trial.number, number_of(trial.status), text_of(trial.rungs), trial.worker, std::int64_t{own}});
  };
  // What the search trains itself is offered to nobody: losing that costs nothing.
  if (own) {
    database_->write_soon(body);
  } else {
    database_->write(body);
    unsure_.clear();
  }
}

void SqlStore::set_over() {
  database_->write([&] {
    insert_unsure();
    database_->later("UPDATE search SET complete = 1", {});
  });
  unsure_.clear();
}

// A claim that is lost with the database's machine gives the trial to another worker; the first result counts.
std::optional<Trial> SqlStore::claim(const Lease& lease) {
  const Dialect& dialect = database_->dialect();
  // An attempt whose answer was lost may have succeeded: the trial with this token comes first, and is not counted
  // again.
  const std::string take = fmt::format(
      "UPDATE trials SET status = 0, worker = CASE WHEN attempts < {} THEN $1 ELSE worker END, "
      "attempts = attempts + CASE WHEN token = $2 THEN 0 ELSE 1 END, token = $2, lease_until = {} + $3 "
      "WHERE number = (SELECT number FROM trials WHERE {} AND (status = 5 OR lease_until < {} OR token = $2) "
      "ORDER BY CASE WHEN token = $2 THEN 0 ELSE 1 END, number LIMIT 1{}) RETURNING {}",
      kMaxAttempts, dialect.now, kInQueue, dialect.now, dialect.skip_locked, kColumns);
  for (;;) {
    std::optional<Trial> trial;
    database_->write_soon([&] {
      trial.reset();
      database_->later(take, {lease.worker, lease.token, lease.seconds}, nullptr,
                       [&](const Row& row) { trial = trial_of(row, name()); });
    });
    if (!trial || trial->attempts <= kMaxAttempts) return trial;
    fail_lost(std::move(*trial));
  }
}

void SqlStore::fail_lost(Trial trial) {
  trial.status = TrialStatus::kFailed;
  trial.error = fmt::format("{} workers began this trial, and each was lost while it trained", kMaxAttempts);
  finish(trial);
}

LeaseState SqlStore::renew(std::int64_t number, const Lease& lease) {
  std::int64_t held = 0;
  database_->write_soon([&] {
    database_->later(fmt::format("UPDATE trials SET lease_until = {} + $3 WHERE number = $1 AND token = $2 AND "
                                 "status = 0",
                                 database_->dialect().now),
                     {number, lease.token, lease.seconds}, &held);
  });
  if (held > 0) return LeaseState::kHeld;
  LeaseState state = LeaseState::kTaken;
  database_->read([&] {
    database_->execute("SELECT finished FROM trials WHERE number = $1", {number}, [&](const Row& row) {
      if (row.integer(0) > 0) state = LeaseState::kCounted;
    });
  });
  return state;
}

void SqlStore::release(std::int64_t number, const Lease& lease) {
  database_->write_soon([&] {
    database_->later(
        "UPDATE trials SET status = 5, token = '', attempts = attempts - 1 WHERE number = $1 AND token = $2 AND "
        "status = 0",
        {number, lease.token});
  });
}

bool SqlStore::finish(const Trial& trial) {
  std::int64_t counted = 0;
  database_->write([&] {
    insert_unsure();
    // Results come in one after the other: whoever holds this row sees whether the trial has its result already.
    database_->later("SELECT finished FROM search" + std::string(database_->dialect().lock_row), {});
    database_->later(
        "UPDATE search SET finished = finished + 1 WHERE EXISTS (SELECT 1 FROM trials WHERE number = $1 AND finished "
        "= 0)",
        {trial.number});
    database_->later(
        "UPDATE trials SET status = $2, accuracy = $3, reward = $4, seconds = $5, error = $6, worker = $7, "
        "rungs = $8, finished = (SELECT finished FROM search) WHERE number = $1 AND finished = 0",
        {trial.number, number_of(trial.status), trial.scores.accuracy, trial.scores.reward, trial.seconds, trial.error,
         trial.worker, text_of(trial.rungs)},
        &counted);
  });
  unsure_.clear();
  if (counted > 0) return true;
  // Its own result, where the answer of the transaction that brought it was lost.
  bool own = false;
  database_->read([&] {
    database_->execute("SELECT worker, seconds FROM trials WHERE number = $1", {trial.number},
                       [&](const Row& row) { own = row.text(0) == trial.worker && row.real(1) == trial.seconds; });
  });
  return own;
}

std::unique_ptr<TrialStore> own_store(const std::string& store, const std::string& settings, const std::string& task,
                                      bool resume, const StoreOptions& options) {
  auto opened = std::make_unique<SqlStore>(open_database(store, OpenMode::kCreate, options));
  opened->make(settings, task, resume);
  return opened;
}

std::unique_ptr<TrialStore> open_store(const std::string& store, const StoreOptions& options) {
  auto opened = std::make_unique<SqlStore>(open_database(store, OpenMode::kExisting, options));
  opened->read_header();
  return opened;
}

}  // namespace Atoll
