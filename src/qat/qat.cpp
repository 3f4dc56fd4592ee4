#include "atoll/qat.h"

#include "atoll/error.h"
#include "atoll/runtime.h"
#include "compress/quantize_int8.h"
#include "qat/fake_quantize_transform.h"

namespace Atoll {
namespace {

double int8_top1(const Graph& int8, const Dataset& pictures, int threads) {
  return evaluate(int8, pictures, {.threads = threads > 0 ? threads : hardware_threads()}).top1;
}

Graph exported(const qat::FakeQuantizedGraph& forms, const Graph& trained, const QuantizeOptions& options) {
  return quantize_prepared(qat::trained_inference(forms, trained), qat::trained_ranges(forms, trained), options);
}

}  // namespace

QatResult train_quantized(const Graph& graph, std::shared_ptr<const Dataset> data,
                          std::shared_ptr<const Dataset> validation, const QatOptions& options,
                          const TrainHooks& hooks) {
  require_float_weights(graph, "trained further");
  if (!options.quantize.float_nodes.empty())
    fail("quantization-aware training rounds every layer: '{}' cannot stay in float",
         options.quantize.float_nodes.front());
  if (!data) fail("there are no pictures to train on");
  qat::FakeQuantizedGraph forms = qat::split_forms(graph);
  if (!forms.plain.preprocessing) forms.plain.preprocessing = options.train.preprocessing;
  forms.prepared.preprocessing = forms.plain.preprocessing;
  TrainOptions train_options = options.train;
  train_options.preprocessing = *forms.plain.preprocessing;

  QatResult result;
  result.calibration = calibrate(forms.prepared, *data, options.calibration);
  qat::add_fake_quantization(forms, result.calibration.ranges);
  qat::FakeQuantizeTransform transform(forms, options.quantize);
  TrainHooks rounded = hooks;
  rounded.transform = &transform;
  rounded.validate = [&](const Graph& weights, const Dataset& pictures) {
    return int8_top1(exported(forms, weights, options.quantize), pictures, train_options.threads);
  };
  if (validation && validation->size() > 0) {
    const Graph calibrated = quantize_prepared(forms.prepared, result.calibration.ranges, options.quantize);
    result.calibrated_top1 = int8_top1(calibrated, *validation, train_options.threads);
  }
  TrainResult trained = train(forms.training, std::move(data), std::move(validation), train_options, rounded);
  result.graph = exported(forms, trained.graph, options.quantize);
  result.real = qat::trained_inference(forms, trained.graph);
  result.history = std::move(trained.history);
  result.top1 = trained.top1;
  return result;
}

}  // namespace Atoll
