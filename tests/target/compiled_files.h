// What the Edge TPU compiler made of published networks: the maps that enter and leave each executable, which tell
// where it cut them.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace Atoll::edgetpu_data {

struct CompiledFile {
  std::string model;  // the key of published_graphs(): the file before it was compiled
  int subgraphs = 0;
  std::multiset<std::string> inputs, outputs;  // "224x224x3": rows, columns, channels
};
std::vector<CompiledFile> compiled_files(const std::filesystem::path& folder);

}  // namespace Atoll::edgetpu_data
