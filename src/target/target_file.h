// Target files: what a target is, as JSON that says by its "kind" what reads it.
#pragma once

#include <memory>
#include <string>

#include "atoll/target.h"

namespace Atoll {

// Throws Error for a target that is no file's content: one that measures.
std::string target_file(const Target& target);
std::shared_ptr<const Target> read_target(const std::string& json, const std::string& path, int depth = 0);

}  // namespace Atoll
