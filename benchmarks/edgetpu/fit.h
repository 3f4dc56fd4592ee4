// The timing parameters of the chip model, fitted to micro-benchmarks: those of the chip are shared by all rows, those
// of a link by the rows measured over it. Memory and instruction bytes are the compiler's affair and stay as they are.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "target/edgetpu/analysis.h"
#include "target/edgetpu_data.h"

namespace Atoll::edgetpu_accuracy {

struct Row {
  const edgetpu_data::Measurement* measurement = nullptr;
  edgetpu::Analysis analysis;  // what is placed, cached and sent: not a matter of time
};
std::vector<Row> rows_of(std::span<const edgetpu_data::Measurement> measurements);

using Chips = std::map<std::string, edgetpu::Chip>;  // by link
Chips built_in_chips();
// What the data sheets of chip and links say, before anything was measured.
Chips nominal_chips();

double predicted_ms(const Chips& chips, const Row& row);

// Least squares of the logarithms of predicted over measured, large ones counted less (Huber), from `start`.
Chips fit(Chips start, std::span<const Row* const> rows);

// The chips' fitted parameters, one a line: name, and value for each link where it is the link's.
std::string parameters_table(const Chips& chips);

}  // namespace Atoll::edgetpu_accuracy
