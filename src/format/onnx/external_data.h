// Values of an ONNX tensor that lie in a file beside the model. Only regular files inside the model's own folder are
// read, by whatever name or link they are reached.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "format/budget.h"

namespace Atoll::format {

class ExternalData {
 public:
  ExternalData(std::filesystem::path folder, Budget& budget) : folder_(std::move(folder)), budget_(budget) {}

  // `bytes` of the file that the entries name ("location", "offset", "length"). Throws Error: no folder, a file that
  // is missing, outside or too short, a length that is not `bytes`.
  std::vector<std::byte> read(const std::string& tensor, const std::map<std::string, std::string>& entries,
                              std::uint64_t bytes);

 private:
  std::filesystem::path resolve(const std::string& tensor, const std::string& location) const;

  std::filesystem::path folder_;
  Budget& budget_;
  std::map<std::filesystem::path, std::uint64_t> sizes_;  // of the files that were opened
};

}  // namespace Atoll::format
