// The names by which the Edge TPU compiler lists ops: TFLite's own, in capitals.
#pragma once

#include <string>

#include "atoll/op.h"

namespace Atoll::edgetpu {

// "CONV_2D"; an Opaque op's type in the same form ("ResizeBilinear" and "RESIZE_BILINEAR" are one); "CUSTOM" for
// every custom op.
std::string compiler_name(const Op& op);

// The op that the compiler leaves where it put a subgraph on the chip.
bool is_compiled(const Op& op);

}  // namespace Atoll::edgetpu
