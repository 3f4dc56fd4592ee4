// How deep JSON may be nested: what a text without end of "[" unfolds to is ninety times its size, and walking it takes
// the stack. Within this depth the parser's values take at most 64 bytes for each byte of text.
#pragma once

#include <string>
#include <string_view>

namespace Atoll::format {

inline constexpr int kDeepestJson = 64;

// Throws Error saying that `place` ("target file 'x.json'") is nested too deeply.
void check_nesting(std::string_view json, const std::string& place);

}  // namespace Atoll::format
