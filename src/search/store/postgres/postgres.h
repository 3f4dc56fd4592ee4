// Postgres: a trial store on a server, for the processes of many machines. A schema of the database holds one search:
// "atoll", or what follows a # at the end of the URL. A lost connection is made again, with growing pauses, and what
// was being done is done again from its beginning. Its owner holds an advisory lock, for as long as its session lives.
#pragma once

#include <memory>
#include <string>

#include "search/store/postgres/connection.h"

namespace Atoll::postgres {

class Postgres : public Database {
 public:
  Postgres(const std::string& url, const StoreOptions& options);

  const std::string& name() const override { return name_; }
  const Dialect& dialect() const override;
  bool has_store() override;
  void make_room() override;
  void own() override;
  void disown() override;
  void read(const std::function<void()>& body) override;
  void write(const std::function<void()>& body) override { transact(body, true); }
  void write_soon(const std::function<void()>& body) override { transact(body, false); }
  std::int64_t session() const override { return sessions_; }
  std::int64_t execute(const std::string& sql, const std::vector<Value>& parameters,
                       const std::function<void(const Row&)>& on_row) override;
  void later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed,
             const std::function<void(const Row&)>& on_row) override;

 private:
  void transact(const std::function<void()>& body, bool wait_for_disk);
  void begin_session();
  void lock(double seconds);
  void persist(const std::function<void()>& body);

  std::string url_, schema_, name_;
  StoreOptions options_;
  bool owner_ = false;
  std::int64_t sessions_ = 0;  // begun so far
  std::unique_ptr<Connection> connection_;
};

}  // namespace Atoll::postgres
