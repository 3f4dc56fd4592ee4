#include "search/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace Atoll {
namespace {

namespace fs = std::filesystem;

fs::path newest_programs() {
  fs::path best;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    if (fs::exists(entry.path() / "bin" / "initdb") && entry.path().filename() > best.parent_path().filename())
      best = entry.path() / "bin";
  return best;
}

void become_unprivileged() {
  if (::geteuid() != 0) return;
  const passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr || ::setgroups(0, nullptr) != 0 || ::setgid(nobody->pw_gid) != 0 ||
      ::setuid(nobody->pw_uid) != 0)
    throw std::runtime_error("cannot become the user nobody");
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot bind a port of the loopback address");
  port = ntohs(address.sin_port);
  return socket;
}

int free_port() {
  int port = 0;
  ::close(bound_socket(port));
  return port;
}

// Pairs of sockets, each the other's far end.
void forward(int listener, int to_port) {
  std::vector<pollfd> sockets{{listener, POLLIN, 0}};
  std::vector<int> far_end{-1};
  for (;;) {
    ::poll(sockets.data(), sockets.size(), -1);
    for (std::size_t i = sockets.size(); i-- > 1;) {
      if (sockets[i].fd < 0 || sockets[i].revents == 0) continue;
      char bytes[65536];
      const ssize_t got = ::read(sockets[i].fd, bytes, sizeof bytes);
      if (got > 0 && ::send(far_end[i], bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got) continue;
      for (std::size_t j = 1; j < sockets.size(); ++j)
        if (sockets[j].fd == far_end[i]) sockets[j].fd = -1;
      ::close(far_end[i]);
      ::close(sockets[i].fd);
      sockets[i].fd = -1;
    }
    if (sockets[0].revents == 0) continue;
    const int near = ::accept(listener, nullptr, nullptr), far = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(to_port);
    if (near < 0 || ::connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(near);
      ::close(far);
      continue;
    }
    sockets.insert(sockets.end(), {{near, POLLIN, 0}, {far, POLLIN, 0}});
    far_end.insert(far_end.end(), {far, near});
  }
}

}  // namespace

std::string PostgresServer::missing() {
  if (newest_programs().empty()) return "there is no PostgreSQL server in /usr/lib/postgresql (Debian: postgresql)";
  if (::geteuid() == 0 && ::getpwnam("nobody") == nullptr) return "root, and no user nobody to run a server as";
  return "";
}

PostgresServer::PostgresServer(bool durable) : programs_(newest_programs()), durable_(durable), port_(free_port()) {
  if (::geteuid() == 0) {
    const passwd* nobody = ::getpwnam("nobody");
    if (::chown(folder_.str().c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
      throw std::runtime_error("cannot give " + folder_.str() + " to nobody");
  }
  run("initdb", "--no-sync --auth=trust --username=atoll --encoding=UTF8 --no-locale -D " + folder_.str() + "/data");
  start();
}

PostgresServer::~PostgresServer() {
  if (server_) crash();
}

void PostgresServer::run(const std::string& program, const std::string& arguments) const {
  const std::string command = "cd / && exec " + (programs_ / program).string() + " " + arguments + " >" +
                              folder_.str() + "/log 2>&1 </dev/null";
  ChildProcess process([&] {
    become_unprivileged();
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    return 127;
  });
  if (process.wait() != 0) throw std::runtime_error(program + " failed: " + log());
}

std::string PostgresServer::log() const {
  std::ifstream file(folder_ / "log");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void PostgresServer::start() {
  const std::string command =
      "cd / && exec " + (programs_ / "postgres").string() + " -D " + folder_.str() + "/data -k " + folder_.str() +
      " -p " + std::to_string(port_) + " -c listen_addresses=127.0.0.1 -c fsync=" + (durable_ ? "on" : "off") +
      " -c shared_buffers=16MB -c wal_writer_delay=10s >>" + folder_.str() + "/log 2>&1 </dev/null";
  server_ = std::make_unique<ChildProcess>([&] {
    become_unprivileged();
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // changing the user has cleared it
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    return 127;
  });
  const std::string probe = (programs_ / "pg_isready").string() + " -q -h " + folder_.str() + " -p " +
                            std::to_string(port_) + " >/dev/null 2>&1";
  for (int i = 0; i < 600; ++i) {
    if (std::system(probe.c_str()) == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error("the PostgreSQL server did not start: " + log());
}

void PostgresServer::crash() {
  server_->signal(SIGQUIT);  // an immediate shutdown: the next start recovers from the log
  server_->wait();
  server_.reset();
}

std::string PostgresServer::url(const std::string& name) const {
  return "postgresql://atoll@/postgres?host=" + folder_.str() + "&port=" + std::to_string(port_) + "#" + name;
}

std::string PostgresServer::url_by(int port, const std::string& name) const {
  return "postgresql://atoll@127.0.0.1:" + std::to_string(port) + "/postgres?sslmode=disable#" + name;
}

Forwarder::Forwarder(int to_port) {
  const int listener = bound_socket(port_);
  ::listen(listener, 16);
  process_ = std::make_unique<ChildProcess>([&] {
    forward(listener, to_port);
    return 0;
  });
  ::close(listener);
}

}  // namespace Atoll
