// Programs that are run and waited for, one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace Atoll {

// What the program printed on stdout; nothing when it ended with another code than 0.
std::optional<std::string> output_of(const std::vector<std::string>& command);

// The largest resident memory that this process has had.
std::int64_t peak_bytes();
// Of this process, all threads.
double cpu_seconds();

}  // namespace Atoll
