// CpuTarget: this machine. It measures where the others predict: the network runs in our own runtime, with random
// weights where it has none, and the median of many runs is its latency.
#pragma once

#include <mutex>
#include <string>

#include "atoll/target.h"

namespace Atoll::cpu {

enum class Arithmetic { kInt8, kFloat };

class CpuTarget final : public Target {
 public:
  explicit CpuTarget(Arithmetic arithmetic);

  const std::string& name() const override { return name_; }
  std::string description() const override;
  // The interval holds 80 % of the runs. A network that is quantized already runs as it is.
  Prediction predict(const Graph& graph) const override;
  double latency_ms(const Graph& graph) const override;
  CheckReport check(const Graph& graph, const CheckOptions& options = {}) const override;

 private:
  Arithmetic arithmetic_;
  std::string name_;
  mutable std::mutex one_at_a_time_;  // two measurements side by side would measure each other
};

}  // namespace Atoll::cpu
