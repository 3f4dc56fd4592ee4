// One inference in time: the input and the instructions arrive, layers compute while the weights of later
// layers stream in, the output leaves.
#include <algorithm>

#include "target/edgetpu/chip_model.h"

namespace Atoll::edgetpu {
namespace {

double ms_of(double bytes, double mb_per_s) { return bytes / (mb_per_s * 1e3); }

}  // namespace

const char* name_of(Bound bound) {
  switch (bound) {
    case Bound::kCompute: return "compute";
    case Bound::kWeights: return "weights";
    case Bound::kActivations: return "activations";
    case Bound::kInstructions: return "instructions";
    case Bound::kInput: return "input";
    case Bound::kOutput: return "output";
    case Bound::kFixed: return "fixed";
  }
  return "?";
}

Timeline timeline(const Chip& chip, std::span<const Layer> layers, const Cache& cache, const Traffic& traffic,
                  double instructions) {
  Timeline result;
  result.layers.resize(layers.size());
  result.fixed_ms = chip.link.fixed_ms;
  result.input_ms = ms_of(static_cast<double>(traffic.input_bytes), chip.link.input_mb_per_s);
  result.output_ms = ms_of(static_cast<double>(traffic.output_bytes), chip.link.output_mb_per_s) +
                     static_cast<double>(traffic.output_positions) * chip.link.output_us_per_position * 1e-3;
  result.instructions_ms = ms_of(instructions, chip.link.instructions_mb_per_s);

  // Times are counted from the end of the input's transfer. The chip fetches the weights of one layer ahead: those
  // of a layer are asked for when the layer before it begins.
  double link_free_ms = 0, before_ms = 0, now_ms = 0;
  double macs = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    LayerTime& time = result.layers[i];
    macs += static_cast<double>(layer.macs);
    if (layer.kind == LayerKind::kNothing) continue;
    const double compute_ms =
        chip_cycles(chip.compute, layer) / (chip.compute.clock_mhz * 1e3) + chip.compute.layer_overhead_us * 1e-3;
    double begin_ms = now_ms;
    const bool moves =
        layer.kind == LayerKind::kElementwise || layer.kind == LayerKind::kPointwise || layer.kind == LayerKind::kMove;
    time.bound = moves ? Bound::kActivations : Bound::kCompute;
    if (!cache.cached[i]) {
      // A layer in pieces needs its weights once for each, and its activations leave no room to fetch ahead.
      const std::int64_t sends = sends_of(chip, layer);
      const double sent_ms = ms_of(static_cast<double>(layer.parameter_bytes * sends), chip.link.parameters_mb_per_s);
      link_free_ms = std::max(link_free_ms, sends > 1 ? now_ms : before_ms) + sent_ms;
      begin_ms = std::max(now_ms, link_free_ms);
      if (begin_ms - now_ms > compute_ms) time.bound = Bound::kWeights;
    }
    before_ms = begin_ms;
    time.ms = begin_ms + compute_ms - now_ms;
    now_ms = begin_ms + compute_ms;
  }
  result.total_ms = result.fixed_ms + result.input_ms + result.instructions_ms + now_ms + result.output_ms;
  result.first_ms = result.total_ms + chip.link.first_run_ms +
                    ms_of(static_cast<double>(cache.onchip_bytes), chip.link.parameters_mb_per_s);
  const double link_bytes =
      static_cast<double>(traffic.input_bytes + traffic.output_bytes + cache.offchip_bytes) + instructions;
  result.energy_mj = (macs * chip.energy.pj_per_mac + link_bytes * chip.energy.pj_per_link_byte) * 1e-9 +
                     chip.energy.idle_w * result.total_ms;
  return result;
}

}  // namespace Atoll::edgetpu
