// Connection: one session with a PostgreSQL server, in which nothing waits without an end. What ends it (the server
// went away, or does not answer) is thrown as Lost; what the server refuses is an Error. Statements go out in libpq's
// pipeline mode: any number of them make one journey to the server and back.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "search/store/database.h"

namespace Atoll::postgres {

struct Lost {
  std::string reason;
};

class Connection {
 public:
  // `name` is the URL as it may be shown. Throws Lost.
  Connection(const std::string& url, const std::string& name, const StoreOptions& options);

  // Sends a statement. Its answer is read by await_answers, which then sets `changed` and calls `on_row`.
  void later(const std::string& sql, const std::vector<Value>& parameters, std::int64_t* changed,
             const std::function<void(const Row&)>& on_row);
  void await_answers();

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Close>;

  struct Sent {
    std::string sql;
    std::int64_t* changed = nullptr;
    std::function<void(const Row&)> on_row;
    Result result;
  };

  void wait(short events, double deadline);
  void flush(double deadline);
  Result next_result(double deadline);
  const char* prepared(const std::string& sql);
  void pass_on(const Sent& sent) const;
  [[noreturn]] void refuse(const PGresult* result, const std::string& sql) const;
  [[noreturn]] void lose(const std::string& reason) const;
  std::string last_words() const;

  std::string name_;
  const StoreOptions& options_;
  std::unique_ptr<PGconn, Close> connection_;
  std::vector<Sent> sent_;                       // and not answered
  std::map<std::string, std::string> prepared_;  // names of statements, by their SQL
};

}  // namespace Atoll::postgres
