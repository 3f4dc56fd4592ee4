#include "target/target_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "atoll/error.h"
#include "format/json_nesting.h"
#include "target/calibrated/regression_target.h"
#include "target/edgetpu/edgetpu_target.h"

namespace Atoll {

std::string target_file(const Target& target) {
  if (const auto* chip = dynamic_cast<const edgetpu::EdgeTpuTarget*>(&target)) return edgetpu::write_chip(chip->chip());
  if (const auto* regression = dynamic_cast<const calibrated::RegressionTarget*>(&target))
    return calibrated::write_regression(regression->file());
  fail("the target '{}' measures, so it cannot be written to a file", target.name());
}

std::shared_ptr<const Target> read_target(const std::string& json, const std::string& path, int depth) {
  format::check_nesting(json, fmt::format("target file '{}'", path));
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object()) fail("target file '{}' is not a JSON object", path);
  const auto kind = parsed.find("kind");
  if (kind == parsed.end() || *kind == "edgetpu")
    return std::make_shared<edgetpu::EdgeTpuTarget>(edgetpu::read_chip(json, path));
  if (*kind == "regression")
    return std::make_shared<calibrated::RegressionTarget>(calibrated::read_regression(json, path, depth));
  fail("target file '{}' has the kind {}, but should have \"edgetpu\" or \"regression\"", path,
       kind->dump().substr(0, 60));
}

}  // namespace Atoll
