// Sqlite: a trial store in a file, for the processes of one machine. Its owner holds a lock on a file beside it.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "search/store/database.h"
#include "search/store/store_lock.h"

namespace Atoll {

class Sqlite : public Database {
 public:
  Sqlite(const std::filesystem::path& path, OpenMode mode);

  const std::string& name() const override { return name_; }
  const Dialect& dialect() const override;
  bool has_store() override;
  void make_room() override;
  void own() override { lock_.emplace(name_); }
  void disown() override { lock_.reset(); }
  void read(const std::function<void()>& body) override { body(); }
  void write(const std::function<void()>& body) override;
  void write_soon(const std::function<void()>& body) override { write(body); }
  std::int64_t session() const override { return 0; }
  std::int64_t execute(const std::string& sql, const std::vector<Value>& parameters,
                       const std::function<void(const Row&)>& on_row) override;
  void later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed,
             const std::function<void(const Row&)>& on_row) override {
    const std::int64_t rows = execute(sql, parameters, on_row);
    if (changed != nullptr) *changed = rows;
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };

  [[noreturn]] void fail_with_reason() const;

  std::string name_;
  std::optional<StoreLock> lock_;  // let go after the database is closed
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace Atoll
