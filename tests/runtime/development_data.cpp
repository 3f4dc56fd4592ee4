#include "runtime/development_data.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "atoll/model.h"

namespace Atoll {

namespace fs = std::filesystem;

fs::path development_data() {
  const char* named = std::getenv("ATOLL_DATA");
  return named ? fs::path(named) : fs::path(ATOLL_SOURCE_DIR) / ".." / "shared" / "data";
}

std::vector<fs::path> published_classifiers() {
  std::vector<fs::path> found;
  const fs::path folder = development_data() / "models";
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    const bool other = name.ends_with("_edgetpu") || name.starts_with("invalid") || name.starts_with("split");
    if (entry.path().extension() == ".tflite" && !other) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> integer_classifiers() {
  std::vector<fs::path> found = published_classifiers();
  std::erase_if(found, [](const fs::path& path) {
    const std::string scheme = scheme_of(load_model(path));
    return scheme != "int8" && scheme != "uint8";
  });
  return found;
}

}  // namespace Atoll
