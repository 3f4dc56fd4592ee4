#include "search/store/postgres/postgres.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "atoll/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/timer.h"

namespace Atoll::postgres {
namespace {

constexpr double kFirstPause = 0.1, kLongestPause = 5;  // between attempts to connect
// How long a lock is waited for: the server may notice a little later that its last holder is gone.
constexpr double kLockSeconds = 1.5, kLockAgainSeconds = 20;

std::string schema_of(const std::string& url) {
  const std::size_t hash = url.find('#');
  if (hash == std::string::npos) return "atoll";
  const std::string schema = url.substr(hash + 1);
  const bool good = !schema.empty() && schema.size() <= 60 &&
                    schema.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyz"
                        "0123456789_") == std::string::npos;
  if (!good || schema.starts_with("pg_") || (schema[0] >= '0' && schema[0] <= '9'))
    fail("trial store '#{}' is no name for a search: after the # must be 1 to 60 of a-z, 0-9 and _, a letter first",
         schema);
  return schema;
}

// Without the password: user:secret@host and password=secret.
std::string shown(std::string url) {
  const std::size_t start = url.find("://") + 3;
  const std::size_t at = url.find('@', start);
  const std::size_t colon = url.find(':', start);
  if (at != std::string::npos && colon < at && at < url.find('/', start)) url.erase(colon, at - colon);
  if (const std::size_t secret = url.find("password="); secret != std::string::npos)
    url.erase(secret, std::min(url.find_first_of("&#", secret), url.size()) - secret);
  return url;
}

}  // namespace

Postgres::Postgres(const std::string& url, const StoreOptions& options)
    : url_(url.substr(0, url.find('#'))), schema_(schema_of(url)), name_(shown(url)), options_(options) {
  try {
    begin_session();
  } catch (const Lost& lost) {  // what was never reached is more likely a mistake than an outage
    fail("cannot reach trial store '{}': {}", name_, lost.reason);
  }
}

const Dialect& Postgres::dialect() const {
  static constexpr Dialect kDialect{
      "BIGINT",      "DOUBLE PRECISION",        "CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)",
      " FOR UPDATE", " FOR UPDATE SKIP LOCKED", 200};
  return kDialect;
}

void Postgres::begin_session() {
  connection_.reset();
  auto connection = std::make_unique<Connection>(url_, name_, options_);
  const auto set = [&](const std::string& what) { connection->later("SET " + what, {}, nullptr, {}); };
  set(fmt::format("search_path TO \"{}\"", schema_));
  set("client_min_messages TO warning");
  // A process that is stopped in the middle must not hold the others up, nor one whose machine is gone.
  set("idle_in_transaction_session_timeout TO '10s'");
  set(fmt::format("statement_timeout TO {}", static_cast<int>(options_.answer_s * 1e3)));
  set("tcp_keepalives_idle TO 30");
  set("tcp_keepalives_interval TO 10");
  set("tcp_keepalives_count TO 3");
  connection->await_answers();
  connection_ = std::move(connection);
  ++sessions_;
}

void Postgres::lock(double seconds) {
  const double deadline = seconds_now() + seconds;
  for (;;) {
    bool locked = false;
    execute("SELECT pg_try_advisory_lock(hashtext('atoll'), hashtext($1))", {schema_},
            [&](const Row& row) { locked = row.integer(0) != 0; });
    if (locked) return;
    if (seconds_now() > deadline) fail("trial store '{}' is in use by another search", name_);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    throw_if_interrupted();
  }
}

void Postgres::own() {
  persist([&] { lock(kLockSeconds); });
  owner_ = true;
}

void Postgres::disown() {
  owner_ = false;
  persist([&] { execute("SELECT pg_advisory_unlock(hashtext('atoll'), hashtext($1))", {schema_}, {}); });
}

bool Postgres::has_store() {
  std::int64_t tables = 0;
  execute("SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename IN ('search', 'trials')", {schema_},
          [&](const Row& row) { tables = row.integer(0); });
  if (tables == 1) fail("schema '{}' of '{}' is not a trial store: it has other tables", schema_, name_);
  return tables == 2;
}

void Postgres::make_room() {
  persist([&] {
    bool there = false;
    execute("SELECT count(*) FROM pg_namespace WHERE nspname = $1", {schema_},
            [&](const Row& row) { there = row.integer(0) > 0; });
    if (!there) execute(fmt::format("CREATE SCHEMA IF NOT EXISTS \"{}\"", schema_), {}, {});
  });
}

void Postgres::read(const std::function<void()>& body) { persist(body); }

void Postgres::transact(const std::function<void()>& body, bool wait_for_disk) {
  persist([&] {
    later("BEGIN", {}, nullptr, {});
    if (!wait_for_disk) later("SET LOCAL synchronous_commit TO off", {}, nullptr, {});
    try {
      body();
      execute("COMMIT", {}, {});
    } catch (const Lost&) {
      throw;
    } catch (...) {
      connection_.reset();  // which rolls back, whatever state it is in
      throw;
    }
  });
}

// Until the body has run through, or patience ends.
void Postgres::persist(const std::function<void()>& body) {
  double lost_at = 0, pause = kFirstPause;
  for (;;) {
    std::string reason;
    try {
      if (!connection_) {
        begin_session();
        if (owner_) lock(kLockAgainSeconds);
      }
      body();
      if (lost_at > 0) say("trial store '{}' is back after {}", name_, duration_text(seconds_now() - lost_at));
      return;
    } catch (const Lost& lost) {
      reason = lost.reason;
      connection_.reset();
    }
    const double now = seconds_now();
    if (lost_at <= 0) {
      lost_at = now;
      say("trial store '{}' is lost ({}); trying again", name_, reason);
    }
    if (now - lost_at > options_.patience_s)
      fail("trial store '{}' could not be reached for {}: {}", name_, duration_text(now - lost_at), reason);
    for (const double until = now + pause; seconds_now() < until;) {
      throw_if_interrupted();
      if (options_.give_up && options_.give_up()) throw Interrupted();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    pause = std::min(2 * pause, kLongestPause);
  }
}

std::int64_t Postgres::execute(const std::string& sql, const std::vector<Value>& parameters,
                               const std::function<void(const Row&)>& on_row) {
  std::int64_t changed = 0;
  later(sql, parameters, &changed, on_row);
  connection_->await_answers();
  return changed;
}

void Postgres::later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed,
                     const std::function<void(const Row&)>& on_row) {
  if (!connection_) throw Lost{"the connection is closed"};
  connection_->later(sql, parameters, changed, on_row);
}

}  // namespace Atoll::postgres

namespace Atoll {

std::unique_ptr<Database> open_postgres(const std::string& url, const StoreOptions& options) {
  return std::make_unique<postgres::Postgres>(url, options);
}

}  // namespace Atoll
