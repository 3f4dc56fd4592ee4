// Database: what the trial store asks of SQLite and of PostgreSQL. Both take the same SQL, with parameters $1, $2, …;
// where they differ, a Dialect says how.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "atoll/trial_store.h"

namespace Atoll {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // nothing: NULL

// One row of an answer. Throws Error for a damaged store where the value is of another type.
class Row {
 public:
  Row(const std::vector<Value>& values, const std::string& store) : values_(values), store_(store) {}
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  const std::string& text(std::size_t column) const;

 private:
  [[noreturn]] void fail_for(std::size_t column, const char* wanted) const;

  const std::vector<Value>& values_;
  const std::string& store_;
};

struct Dialect {
  const char* integer;      // type of a column of 64 bits
  const char* real;         // of a double
  const char* now;          // seconds since 1970 as a double
  const char* lock_row;     // ends a SELECT whose rows are then changed
  const char* skip_locked;  // the same, past rows that another transaction is changing
  std::size_t insert_rows;  // that one INSERT takes
};

class Database {
 public:
  virtual ~Database() = default;
  virtual const std::string& name() const = 0;
  virtual const Dialect& dialect() const = 0;

  // The tables of a search are there. Throws Error where the place is taken by something else.
  virtual bool has_store() = 0;
  virtual void make_room() = 0;  // before the tables are made
  // Refuses, with an Error, to own what another search owns; given up at the latest when the process ends.
  virtual void own() = 0;
  virtual void disown() = 0;

  // The body may run more than once, from its beginning, and so must not rely on what an earlier run left. `write`
  // is one transaction that sees no other writer's half, and is on the disk when it returns. `write_soon` returns
  // before that: it outlives the death of this process, but where the database's own machine fails before the next
  // `write`, it may never have been. A transaction that is on the disk has all before it there too.
  virtual void read(const std::function<void()>& body) = 0;
  virtual void write(const std::function<void()>& body) = 0;
  virtual void write_soon(const std::function<void()>& body) = 0;
  // Grows with every new connection, before which the database may have failed; asked inside a body.
  virtual std::int64_t session() const = 0;

  // One statement, inside `read` or `write`. Returns how many rows it changed.
  virtual std::int64_t execute(const std::string& sql, const std::vector<Value>& parameters = {},
                               const std::function<void(const Row&)>& on_row = {}) = 0;
  // The same, inside `write` or `write_soon`, where nothing depends on the answer before the transaction ends: saves
  // a journey to the server. What `changed` points to outlives the transaction.
  virtual void later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed = nullptr,
                     const std::function<void(const Row&)>& on_row = {}) = 0;
};

enum class OpenMode { kCreate, kExisting };
// By the form of `store`: a file, or a postgresql:// URL.
std::unique_ptr<Database> open_database(const std::string& store, OpenMode mode, const StoreOptions& options);
bool is_postgres(const std::string& store);
std::unique_ptr<Database> open_postgres(const std::string& url, const StoreOptions& options);

}  // namespace Atoll
