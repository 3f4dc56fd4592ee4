#include "format/json_nesting.h"

#include "atoll/error.h"

namespace Atoll::format {

void check_nesting(std::string_view json, const std::string& place) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '['))
      depth += 1;
    else if (!quoted && (c == '}' || c == ']'))
      depth -= 1;
    if (depth > kDeepestJson) fail("{} is nested more than {} deep", place, kDeepestJson);
  }
}

}  // namespace Atoll::format
