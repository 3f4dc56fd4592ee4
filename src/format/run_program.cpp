#include "format/run_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "atoll/error.h"

extern char** environ;

namespace Atoll::format {
namespace {

constexpr int kNoProgram = 127;

// What the child's descriptors are to be.
class Actions {
 public:
  Actions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void to_file(int descriptor, const std::filesystem::path& file) {
    posix_spawn_file_actions_addopen(&actions_, descriptor, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  void to(int descriptor, int other) { posix_spawn_file_actions_adddup2(&actions_, other, descriptor); }
  void close(int descriptor) { posix_spawn_file_actions_addclose(&actions_, descriptor); }

  // -1 where there is no such program.
  pid_t spawn(std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    return posix_spawnp(&child, arguments[0], &actions_, nullptr, arguments.data(), environ) == 0 ? child : -1;
  }

 private:
  posix_spawn_file_actions_t actions_;
};

int exit_code(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return kNoProgram;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

int run_program(std::vector<std::string> command, const std::filesystem::path& log) {
  Actions actions;
  actions.to_file(STDOUT_FILENO, log);
  actions.to(STDERR_FILENO, STDOUT_FILENO);
  const pid_t child = actions.spawn(command);
  return child < 0 ? kNoProgram : exit_code(child);
}

ProgramOutput output_of(std::vector<std::string> command, const std::filesystem::path& log, std::uint64_t max_bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe for '{}'", command[0]);
  Actions actions;
  actions.to(STDOUT_FILENO, ends[1]);
  actions.to_file(STDERR_FILENO, log);
  const pid_t child = actions.spawn(command);
  ::close(ends[1]);
  ProgramOutput output{.code = kNoProgram};
  std::array<std::byte, 1 << 16> chunk;
  while (child >= 0) {
    const ssize_t got = ::read(ends[0], chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (output.bytes.size() + static_cast<std::size_t>(got) > max_bytes) {
      output.too_long = true;
      ::kill(child, SIGTERM);
      break;
    }
    output.bytes.insert(output.bytes.end(), chunk.begin(), chunk.begin() + got);
  }
  ::close(ends[0]);
  if (child >= 0) output.code = exit_code(child);
  return output;
}

std::string last_words(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n\r");
  if (end == std::string::npos) return "it said nothing";
  const std::size_t start = text.rfind('\n', end);
  const std::size_t first = start == std::string::npos ? 0 : start + 1;
  return text.substr(first, end + 1 - first);
}

}  // namespace Atoll::format
