// A dimension of -1 stands for a size that a file leaves to run time. Only Opaque ops may read or write such a
// tensor; its elements are counted as if the dimension were 1, which is what a .tflite file declares.
#pragma once

#include <algorithm>

#include "atoll/tensor.h"

namespace Atoll {

inline constexpr std::int64_t kDynamic = -1;

inline bool is_dynamic(const Shape& shape) { return std::find(shape.begin(), shape.end(), kDynamic) != shape.end(); }

}  // namespace Atoll
