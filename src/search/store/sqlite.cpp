#include "search/store/sqlite.h"

#include <algorithm>

#include "atoll/error.h"

namespace Atoll {
namespace {

constexpr int kBusyMs = 60000;  // that a transaction waits for those of other processes

class Statement {
 public:
  Statement(sqlite3* database, std::string sql) {
    std::replace(sql.begin(), sql.end(), '$', '?');  // SQLite's way to number parameters
    ok_ = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr) == SQLITE_OK;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  explicit operator bool() const { return ok_; }

  void bind(std::size_t number, const Value& value) {
    const int i = static_cast<int>(number);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) sqlite3_bind_int64(statement_, i, *integer);
    if (const auto* real = std::get_if<double>(&value)) sqlite3_bind_double(statement_, i, *real);
    if (const auto* text = std::get_if<std::string>(&value))
      sqlite3_bind_text(statement_, i, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  }
  int step() { return sqlite3_step(statement_); }
  void read(std::vector<Value>& row) const {
    row.resize(static_cast<std::size_t>(sqlite3_column_count(statement_)));
    for (int i = 0; i < static_cast<int>(row.size()); ++i) row[static_cast<std::size_t>(i)] = column(i);
  }

 private:
  Value column(int i) const {
    switch (sqlite3_column_type(statement_, i)) {
      case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement_, i)};
      case SQLITE_FLOAT: return sqlite3_column_double(statement_, i);
      case SQLITE_TEXT:
        return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement_, i)),
                           static_cast<std::size_t>(sqlite3_column_bytes(statement_, i)));
      default: return {};
    }
  }

  sqlite3_stmt* statement_ = nullptr;
  bool ok_ = false;
};

}  // namespace

Sqlite::Sqlite(const std::filesystem::path& path, OpenMode mode) : name_(path.string()) {
  if (mode == OpenMode::kExisting && !std::filesystem::exists(path)) fail("trial store '{}' does not exist", name_);
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | (mode == OpenMode::kCreate ? SQLITE_OPEN_CREATE : 0);
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(name_.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK)
    fail("cannot open trial store '{}': {}", name_, database_ ? sqlite3_errmsg(opened) : "out of memory");
  sqlite3_busy_timeout(opened, kBusyMs);
  execute("PRAGMA synchronous = NORMAL", {}, {});  // a killed process loses no committed trial
}

const Dialect& Sqlite::dialect() const {
  // One writer at a time: what a transaction has read, no other changes.
  static constexpr Dialect kDialect{"INTEGER", "REAL", "((julianday('now') - 2440587.5) * 86400.0)", "", "", 50};
  return kDialect;
}

void Sqlite::fail_with_reason() const {
  const int code = sqlite3_errcode(database_.get());
  if (code == SQLITE_NOTADB) fail("'{}' is not a trial store: it is no SQLite file", name_);
  if (code == SQLITE_CORRUPT) fail("trial store '{}' is damaged: {}", name_, sqlite3_errmsg(database_.get()));
  fail("cannot use trial store '{}': {}", name_, sqlite3_errmsg(database_.get()));
}

bool Sqlite::has_store() {
  std::int64_t tables = 0, ours = 0;
  execute("SELECT count(*) FROM sqlite_master", {}, [&](const Row& row) { tables = row.integer(0); });
  execute("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('search', 'trials')", {},
          [&](const Row& row) { ours = row.integer(0); });
  if (tables > 0 && ours != 2) fail("'{}' is not a trial store: it is an SQLite file with other tables", name_);
  return tables > 0;
}

void Sqlite::make_room() {
  execute("PRAGMA journal_mode = WAL", {}, {});  // a write-ahead log lets others read while a search writes
}

void Sqlite::write(const std::function<void()>& body) {
  execute("BEGIN IMMEDIATE", {}, {});
  try {
    body();
    execute("COMMIT", {}, {});
  } catch (...) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

std::int64_t Sqlite::execute(const std::string& sql, const std::vector<Value>& parameters,
                             const std::function<void(const Row&)>& on_row) {
  Statement statement(database_.get(), sql);
  if (!statement) fail_with_reason();
  for (std::size_t i = 0; i < parameters.size(); ++i) statement.bind(i + 1, parameters[i]);
  std::vector<Value> values;
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) {
    if (!on_row) continue;
    statement.read(values);
    on_row(Row(values, name_));
  }
  if (code != SQLITE_DONE) fail_with_reason();
  return sqlite3_changes(database_.get());
}

}  // namespace Atoll
