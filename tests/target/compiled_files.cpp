#include "target/compiled_files.h"

#include <map>
#include <sstream>

#include "target/edgetpu_data.h"

namespace Atoll::edgetpu_data {

std::vector<CompiledFile> compiled_files(const std::filesystem::path& folder) {
  std::vector<CompiledFile> files;
  std::map<std::string, std::size_t> at;
  std::set<std::string> packages;
  for (const auto& row : read_csv(folder / "darwinn_executables.csv")) {
    std::string model = row.at("repo") + ":" + row.at("path");
    const auto cut = model.rfind("_edgetpu.tflite");
    if (cut == std::string::npos) continue;
    model.replace(cut, std::string::npos, ".tflite");
    const auto [found, added] = at.try_emplace(model, files.size());
    if (added) files.push_back({.model = model});
    CompiledFile& file = files[found->second];
    if (packages.insert(model + "#" + row.at("pkg")).second) ++file.subgraphs;
    std::istringstream in(row.at("in_yxz")), out(row.at("out_yxz"));
    for (std::string map; in >> map;) file.inputs.insert(map);
    for (std::string map; out >> map;) file.outputs.insert(map);
  }
  return files;
}

}  // namespace Atoll::edgetpu_data
