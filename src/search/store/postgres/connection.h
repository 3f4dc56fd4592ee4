// Connection: one session with a PostgreSQL server, in which nothing waits without an end. What ends it (the server
// went away, or does not answer) is thrown as Lost; what the server refuses is an Error.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <string>

#include "search/store/database.h"

namespace Atoll::postgres {

struct Lost {
  std::string reason;
};

class Connection {
 public:
  // `name` is the URL as it may be shown. Throws Lost.
  Connection(const std::string& url, const std::string& name, const StoreOptions& options);

  std::int64_t execute(const std::string& sql, const std::vector<Value>& parameters,
                       const std::function<void(const Row&)>& on_row);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Close>;

  void wait(short events, double deadline);
  Result answer();
  [[noreturn]] void refuse(const PGresult* result, const std::string& sql) const;
  [[noreturn]] void lose(const std::string& reason) const;
  std::string last_words() const;

  std::string name_;
  const StoreOptions& options_;
  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace Atoll::postgres
