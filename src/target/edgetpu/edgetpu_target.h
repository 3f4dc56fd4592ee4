// EdgeTpuTarget: checks and predicts for one Edge TPU.
#pragma once

#include "atoll/target.h"
#include "target/edgetpu/chip.h"

namespace Atoll::edgetpu {

class EdgeTpuTarget final : public Target {
 public:
  explicit EdgeTpuTarget(Chip chip) : chip_(std::move(chip)) {}

  const std::string& name() const override { return chip_.name; }
  std::string description() const override { return chip_.description; }
  Prediction predict(const Graph& graph) const override;
  double latency_ms(const Graph& graph) const override;
  std::vector<Roof> roofs() const override;
  std::shared_ptr<const Part> part(const Graph& graph) const override;
  PartsCost cost(std::span<const Part* const> parts) const override;
  CheckReport check(const Graph& graph, const CheckOptions& options = {}) const override;

  const Chip& chip() const { return chip_; }

 private:
  Chip chip_;
};

}  // namespace Atoll::edgetpu
