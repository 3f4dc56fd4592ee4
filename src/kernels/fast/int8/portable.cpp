#define ATOLL_ISA_NAMESPACE portable
#include "kernels/fast/int8/generic-inl.h"

namespace Atoll::int8 {
const Isa kPortable = {"portable",    portable::gemm,      portable::depthwise_row,
                       portable::sum, portable::flip_copy, portable::depthwise_place,
                       true};
}  // namespace Atoll::int8
