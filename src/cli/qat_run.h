// `atoll quantize --qat-epochs N`: the flags of quantization-aware training, and the work.
#pragma once

#include <string>

#include "atoll/compress.h"
#include "atoll/qat.h"
#include "cli/train_flags.h"

namespace Atoll::cli {

struct QatFlags {
  int epochs = 0;  // 0: post-training quantization
  TrainFlags train;
  std::string teacher;

  void declare(CLI::App* command);
  // `output`: the file to be written, beside which the checkpoint lies. `validation` may be null; each epoch's int8
  // network is judged on it. Without --teacher, `graph` itself teaches where --distill asks for it.
  QatResult run(const Graph& graph, std::shared_ptr<const Dataset> data, std::shared_ptr<const Dataset> validation,
                const CalibrationOptions& calibration, const QuantizeOptions& quantize, const std::string& output,
                const Common& common) const;
};

}  // namespace Atoll::cli
