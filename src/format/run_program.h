// Other programs, run without a shell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace Atoll::format {

// Runs a program with nothing to read, its words going to `log`. The exit code; 127 where there is no such program.
int run_program(std::vector<std::string> command, const std::filesystem::path& log);

struct ProgramOutput {
  int code = 0;
  std::vector<std::byte> bytes;
  bool too_long = false;  // it was stopped for writing more than it may
};
// The same, with what it writes to stdout, at most `max_bytes`, and stderr going to `log`.
ProgramOutput output_of(std::vector<std::string> command, const std::filesystem::path& log, std::uint64_t max_bytes);

// The last line of `text` that says something.
std::string last_words(const std::string& text);

}  // namespace Atoll::format
