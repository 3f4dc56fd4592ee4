#include "search/store/schema.h"

#include "atoll/error.h"

namespace Atoll {
namespace {

constexpr std::int64_t kVersion = 3;

std::string in_dialect(const Database& database, std::string sql) {
  for (const auto& [word, type] : {std::pair{"INTEGER", database.dialect().integer}, {"REAL", database.dialect().real}})
    for (std::size_t at = sql.find(word); at != std::string::npos; at = sql.find(word, at + std::string(type).size()))
      sql.replace(at, std::string(word).size(), type);
  return sql;
}

// Waiting and running trials, of which there are few: what a worker looks through.
constexpr const char* kQueueIndex = "CREATE INDEX queue ON trials (number) WHERE status IN (0, 5)";

// Version 3 added what workers need: a queue with leases, the order of finishing, rungs, and more objectives.
constexpr const char* kNewInSearch[] = {"task TEXT NOT NULL DEFAULT ''", "finished INTEGER NOT NULL DEFAULT 0",
                                        "complete INTEGER NOT NULL DEFAULT 0"};
constexpr const char* kNewInTrials[] = {
    "size_bytes INTEGER NOT NULL DEFAULT 0",    "memory_bytes INTEGER NOT NULL DEFAULT 0",
    "offchip_bytes INTEGER NOT NULL DEFAULT 0", "rungs TEXT NOT NULL DEFAULT ''",
    "finished INTEGER NOT NULL DEFAULT 0",      "attempts INTEGER NOT NULL DEFAULT 0",
    "token TEXT NOT NULL DEFAULT ''",           "lease_until REAL"};

void add_version_3(Database& database) {
  for (const char* column : kNewInSearch)
    database.execute(in_dialect(database, fmt::format("ALTER TABLE search ADD COLUMN {}", column)));
  for (const char* column : kNewInTrials)
    database.execute(in_dialect(database, fmt::format("ALTER TABLE trials ADD COLUMN {}", column)));
  database.execute(kQueueIndex);
}

}  // namespace

void create_tables(Database& database, const std::string& settings, const std::string& task) {
  database.make_room();
  database.write([&] {
    if (database.has_store()) return;
    database.execute(in_dialect(database, "CREATE TABLE search (version INTEGER NOT NULL, settings TEXT NOT NULL)"));
    database.execute(
        in_dialect(database,
                   "CREATE TABLE trials (number INTEGER PRIMARY KEY, genotype TEXT NOT NULL, seed INTEGER NOT NULL, "
                   "status INTEGER NOT NULL, accuracy REAL NOT NULL, latency_ms REAL NOT NULL, reward REAL NOT NULL, "
                   "feasible INTEGER NOT NULL, macs INTEGER NOT NULL, params INTEGER NOT NULL, work REAL NOT NULL, "
                   "seconds REAL NOT NULL, error TEXT NOT NULL, worker TEXT NOT NULL)"));
    add_version_3(database);
    database.execute("INSERT INTO search (version, settings, task) VALUES ($1, $2, $3)", {kVersion, settings, task});
  });
}

std::int64_t version_of(Database& database) {
  std::int64_t version = -1;
  database.execute("SELECT version FROM search", {}, [&](const Row& row) { version = row.integer(0); });
  if (version < 0) fail("trial store '{}' is damaged: it names no search", database.name());
  return version;
}

bool is_current(std::int64_t version) { return version == kVersion; }

void migrate(Database& database, std::int64_t version) {
  if (version > kVersion)
    fail("trial store '{}' has version {}, but this program reads versions up to {}: a newer atoll wrote it",
         database.name(), version, kVersion);
  if (version < 2)
    fail(
        "trial store '{}' has version {}, of which this program cannot make version {}: its trials lack the work of "
        "training; `atoll trials` of the release that wrote it lists them",
        database.name(), version, kVersion);
  add_version_3(database);
  database.execute("UPDATE trials SET finished = number + 1 WHERE status = 1 OR (status = 2 AND latency_ms > 0)");
  database.execute("UPDATE search SET version = $1, finished = (SELECT coalesce(max(finished), 0) FROM trials)",
                   {kVersion});
}

}  // namespace Atoll
