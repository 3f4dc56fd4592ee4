#include "edgetpu/fit.h"

#include <fmt/format.h>

#include <cmath>
#include <unsupported/Eigen/NonLinearOptimization>
#include <unsupported/Eigen/NumericalDiff>

#include "target/edgetpu/chip.h"
#include "target/edgetpu/chip_fields.h"

namespace Atoll::edgetpu_accuracy {
namespace {

using edgetpu::Chip;

const std::vector<std::string> kChipFields = {
    "compute.weight_bytes_per_cycle",      "compute.conv_stall",
    "compute.depthwise_output_cycles",     "compute.fully_connected_bytes_per_cycle",
    "compute.elementwise_bytes_per_cycle", "compute.layer_overhead_us",
};
const std::vector<std::string> kLinkFields = {
    "link.fixed_ms",       "link.parameters_mb_per_s", "link.instructions_mb_per_s",
    "link.input_mb_per_s", "link.output_mb_per_s",     "link.output_us_per_position",
};

constexpr double kHuber = 0.1;      // residuals beyond this count linearly
constexpr double kShrinkage = 0.1;  // what doubling a parameter costs: the error of one row by 7 %

std::vector<double> logarithms(const Chips& chips) {
  std::vector<double> x;
  for (const std::string& field : kChipFields) x.push_back(std::log(get_field(chips.begin()->second, field)));
  for (const auto& [link, chip] : chips)
    for (const std::string& field : kLinkFields) x.push_back(std::log(get_field(chip, field)));
  return x;
}

Chips with_logarithms(Chips chips, const Eigen::VectorXd& x) {
  Eigen::Index at = 0;
  for (const std::string& field : kChipFields) {
    for (auto& [link, chip] : chips) set_field(chip, field, std::exp(x[at]));
    ++at;
  }
  for (auto& [link, chip] : chips)
    for (const std::string& field : kLinkFields) set_field(chip, field, std::exp(x[at++]));
  return chips;
}

// r such that r * r is Huber's loss.
double huber(double residual) {
  const double size = std::abs(residual);
  if (size <= kHuber) return residual;
  return std::copysign(std::sqrt(2 * kHuber * size - kHuber * kHuber), residual);
}

struct Residuals {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  const Chips& start;
  std::span<const Row* const> rows;
  Eigen::VectorXd origin;

  int inputs() const { return static_cast<int>(origin.size()); }
  int values() const { return static_cast<int>(rows.size()) + inputs(); }
  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& r) const {
    const Chips chips = with_logarithms(start, x);
    Eigen::Index at = 0;
    for (const Row* row : rows) r[at++] = huber(std::log(predicted_ms(chips, *row) / row->measurement->ms));
    for (Eigen::Index i = 0; i < origin.size(); ++i) r[at++] = kShrinkage * (x[i] - origin[i]);
    return 0;
  }
};

}  // namespace

std::vector<Row> rows_of(std::span<const edgetpu_data::Measurement> measurements) {
  const Chips chips = built_in_chips();
  std::vector<Row> rows;
  for (const edgetpu_data::Measurement& m : measurements)
    rows.push_back({&m, edgetpu::analyse(chips.at(m.link), m.network)});
  return rows;
}

Chips built_in_chips() {
  Chips chips;
  for (const Chip& chip : edgetpu::known_chips()) chips.emplace(chip.link.name, chip);
  chips.erase("devboard");  // nobody published a row of it
  return chips;
}

Chips nominal_chips() {
  Chips chips = built_in_chips();
  for (auto& [link, chip] : chips) {
    edgetpu::Compute& compute = chip.compute;
    compute.fully_connected_bytes_per_cycle = compute.elementwise_bytes_per_cycle =
        compute.cells_per_tile * compute.lanes_per_cell;
    compute.weight_bytes_per_cycle = 0.75 * compute.cells_per_tile * compute.lanes_per_cell;  // some is always lost
    compute.conv_stall = compute.depthwise_output_cycles = 1;
    compute.layer_overhead_us = 1;
    // USB 3 carries 5 Gbit/s and USB 2 480 Mbit/s, of which about 80 % are left; PCIe 2.0 x1 500 MB/s.
    const double mb_per_s = link == "usb2" ? 40 : 400;
    chip.link.parameters_mb_per_s = chip.link.instructions_mb_per_s = chip.link.input_mb_per_s =
        chip.link.output_mb_per_s = mb_per_s;
    chip.link.fixed_ms = 0.2;
    chip.link.output_us_per_position = 0.05;
  }
  return chips;
}

double predicted_ms(const Chips& chips, const Row& row) {
  const Chip& chip = chips.at(row.measurement->link);
  double ms = row.analysis.cpu_ms;
  for (const edgetpu::SubgraphAnalysis& part : row.analysis.subgraphs)
    ms += timeline(chip, part.layers, part.cache, part.boundary.traffic, part.instructions).total_ms;
  return ms;
}

Chips fit(Chips start, std::span<const Row* const> rows) {
  const std::vector<double> logs = logarithms(start);
  Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(logs.data(), static_cast<Eigen::Index>(logs.size()));
  Eigen::NumericalDiff<Residuals> residuals(Residuals{start, rows, x}, 1e-6);
  Eigen::LevenbergMarquardt<Eigen::NumericalDiff<Residuals>> solver(residuals);
  solver.parameters.maxfev = 2000;
  solver.minimize(x);
  return with_logarithms(std::move(start), x);
}

std::string parameters_table(const Chips& chips) {
  std::string text;
  for (const std::string& field : kChipFields)
    text += fmt::format("  {:<42} {:8.2f}\n", field, get_field(chips.begin()->second, field));
  for (const std::string& field : kLinkFields) {
    text += fmt::format("  {:<42}", field);
    for (const auto& [link, chip] : chips) text += fmt::format(" {}: {:8.3f}", link, get_field(chip, field));
    text += "\n";
  }
  return text;
}

}  // namespace Atoll::edgetpu_accuracy
