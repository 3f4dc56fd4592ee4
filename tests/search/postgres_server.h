// PostgresServer: a PostgreSQL server of the test's own, in a temporary folder, reached by a socket in that folder and
// on the loopback address; it ends with the test. Debian's package has initdb and postgres, which refuse to run as
// root: there they run as `nobody`.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "search/child_process.h"
#include "temporary_folder.h"

namespace Atoll {

class PostgresServer {
 public:
  // Why there is none here; empty where there is one.
  static std::string missing();

  // A durable one writes to the disk before it answers, as a real one does. Throws std::runtime_error with the
  // server's own words.
  explicit PostgresServer(bool durable = false);
  ~PostgresServer();  // stops it at once
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A store on it; each name is a search of its own.
  std::string url(const std::string& name = "atoll") const;
  int port() const { return port_; }
  // The same by way of another port of the loopback address.
  std::string url_by(int port, const std::string& name) const;
  // Ends it as a power cut would, and starts it again.
  void crash();
  void start();

 private:
  void run(const std::string& program, const std::string& arguments) const;
  std::string log() const;

  TemporaryFolder folder_;
  std::filesystem::path programs_;
  bool durable_ = false;
  int port_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

// Forwards connections from a port of its own to another one, in a process that can be stopped: what goes through it
// then hangs without an end, as in a network that is cut.
class Forwarder {
 public:
  explicit Forwarder(int to_port);
  int port() const { return port_; }
  void cut() const { process_->signal(SIGSTOP); }
  void mend() const { process_->signal(SIGCONT); }
  void end() { process_.reset(); }

 private:
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace Atoll
