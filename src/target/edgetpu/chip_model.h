// The model of the chip, in its parts: what is cached, what each layer computes, what travels, and the timeline
// that follows. All of it works on the layers of one subgraph.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "target/edgetpu/chip.h"
#include "target/edgetpu/layer.h"

namespace Atoll::edgetpu {

// What leaves and enters the chip.
struct Traffic {
  std::int64_t input_bytes = 0, output_bytes = 0, output_positions = 0;
};

bool single_position(const Extent& map);  // a vector: one row, one column

// --- memory -------------------------------------------------------------------------------------------
// Into how many pieces a layer is cut so that its input and output fit the narrow memory; 1 mostly.
std::int64_t pieces_of(const Chip& chip, const Layer& layer);
// How often the weights of a layer that is not cached travel: once where its input and output fit the narrow memory.
// Otherwise the map is cut into halves, quarters and so on until a piece fits, and they travel once for each piece and
// once more.
std::int64_t sends_of(const Chip& chip, const Layer& layer);
// What its input and output take of the narrow memory, as a share of all of it.
double narrow_share(const Chip& chip, const Layer& layer);
double instruction_bytes(const Chip& chip, std::span<const Layer> layers);

struct Cache {
  std::vector<bool> cached;  // by layer; true where there are no parameters
  std::int64_t onchip_bytes = 0, free_bytes = 0, offchip_bytes = 0;
  std::int64_t available_bytes = 0;  // for parameters, before any took a place
  std::int64_t reported_bytes = 0;   // "used for caching": the compiler counts a convolution's whole lines
};
// Tensor by tensor: a tensor is on the chip whole or not at all. Those are kept first whose streaming could hide
// least behind computing. `taken_bytes` belong to other subgraphs or models.
Cache allocate(const Chip& chip, std::span<const Layer> layers, std::int64_t taken_bytes);

// --- compute ------------------------------------------------------------------------------------------
// What the compiler itself would estimate; it cuts maps that do not fit the narrow memory.
double compiler_cycles(const Chip& chip, const Layer& layer);
// Of multiplications, behind which weights can stream.
double hiding_cycles(const Compute& compute, const Layer& layer);
// What the chip takes, without any waiting for weights.
double chip_cycles(const Compute& compute, const Layer& layer);

// --- time ---------------------------------------------------------------------------------------------
enum class Bound : std::uint8_t { kCompute, kWeights, kActivations, kInstructions, kInput, kOutput, kFixed };
const char* name_of(Bound bound);

struct LayerTime {
  double ms = 0;
  Bound bound = Bound::kCompute;
};
struct Timeline {
  std::vector<LayerTime> layers;
  double input_ms = 0, output_ms = 0, instructions_ms = 0, fixed_ms = 0;
  double total_ms = 0, first_ms = 0;
  double energy_mj = 0;
};
Timeline timeline(const Chip& chip, std::span<const Layer> layers, const Cache& cache, const Traffic& traffic,
                  double instructions);

}  // namespace Atoll::edgetpu
