// Quantization-aware training: a float network is trained on while its weights and activations are rounded as
// its int8 form will have them, so that it learns to live with the rounding. What is validated, and handed out,
// is the int8 network itself, run by the int8 kernels.
#pragma once

#include <memory>
#include <vector>

#include "atoll/compress.h"
#include "atoll/train.h"

namespace Atoll {

struct QatOptions {
  CalibrationOptions calibration;  // ranges that the training starts from
  QuantizeOptions quantize;        // of the int8 network; no nodes may stay in float
  TrainOptions train;              // freeze_bn_from: batch norm and ranges stand still from there
};

struct QatResult {
  Graph graph;  // the int8 network
  Graph real;   // the float network that it rounds, in inference form
  Calibration calibration;
  std::vector<EpochRecord> history;  // validation_top1 is the int8 network's
  double calibrated_top1 = 0;        // of the int8 network before training, on the validation set; 0 without one
  double top1 = 0;                   // and after it
};

// `graph` is a float classifier with weights, in its training form (batch norm is folded into the rounded weights,
// and keeps learning until it is frozen) or folded. Weights that are exactly 0, as pruning leaves them, stay 0.
// Throws Error for a graph that cannot be quantized or trained.
QatResult train_quantized(const Graph& graph, std::shared_ptr<const Dataset> data,
                          std::shared_ptr<const Dataset> validation, const QatOptions& options,
                          const TrainHooks& hooks = {});

}  // namespace Atoll
