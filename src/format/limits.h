// Sanity of numbers that came from a file, checked before shape arithmetic and cost counting use them: every
// limit is far above any real network and low enough that nothing overflows.
#pragma once

#include "atoll/graph.h"

namespace Atoll::format {

inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 31;  // of one tensor
inline constexpr std::int64_t kMaxSpatial = std::int64_t{1} << 22;   // pixels along H or W, or padding counts
inline constexpr std::int64_t kMaxWindow = std::int64_t{1} << 15;    // filter x dilation, or stride

// Throws Error unless all dimensions are at least 0 and their product is at most kMaxElements.
void check_shape(const Shape& shape, const std::string& tensor_name);
// The same, but dimensions may be left to run time (kDynamic).
void check_open_shape(const Shape& shape, const std::string& tensor_name);

// Shapes, windows and the total of multiply-accumulates. Ids that do not exist are left for verify() to name.
void check_ranges(const Graph& graph);

}  // namespace Atoll::format
