// RegressionTarget: a device known by measurements alone. Everything maps; a layer takes what the regression gives it.
#pragma once

#include <memory>
#include <string>

#include "atoll/target.h"
#include "target/calibrated/regression.h"

namespace Atoll::calibrated {

struct RegressionFile {
  std::string name, description;
  std::string calibration;  // a JSON object: base, rows, conditions and the errors of cross-validation
  double width = 1;         // of the 80 % interval, in spreads
  Regression regression;
  std::shared_ptr<const Target> base;  // where the regression uses one
};

// The target file; and back. Throws Error naming the field that is missing, malformed or beyond its limits.
// `depth` counts files within files: a base may have a base.
std::string write_regression(const RegressionFile& file);
RegressionFile read_regression(const std::string& json, const std::string& path, int depth = 0);

constexpr std::size_t kMostNetworks = 2000, kMostLayers = 4096;

class RegressionTarget final : public Target {
 public:
  explicit RegressionTarget(RegressionFile file);

  const std::string& name() const override { return file_.name; }
  std::string description() const override { return file_.description; }
  Prediction predict(const Graph& graph) const override;
  double latency_ms(const Graph& graph) const override;
  CheckReport check(const Graph& graph, const CheckOptions& options = {}) const override;

  const RegressionFile& file() const { return file_; }

 private:
  RegressionFile file_;
  Posterior posterior_;
};

}  // namespace Atoll::calibrated
