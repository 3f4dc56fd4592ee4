#include "target/edgetpu/parameters.h"

#include <algorithm>
#include <bit>

namespace Atoll::edgetpu {
namespace {

constexpr std::int64_t kBiasBytes = 4, kScaleBytes = 8;

std::int64_t padded_out_channels(std::int64_t channels) {
  if (channels >= 64) return round_up(channels, 64);
  return std::max<std::int64_t>(4, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(channels))));
}

}  // namespace

std::int64_t ceil_div(std::int64_t value, std::int64_t divisor) { return (value + divisor - 1) / divisor; }
std::int64_t round_up(std::int64_t value, std::int64_t multiple) { return ceil_div(value, multiple) * multiple; }

std::int64_t channel_bytes(bool int8, bool bias) {
  return int8 ? kScaleBytes + (bias ? kBiasBytes : 0) : kBiasBytes;  // uint8 folds its zero points into a bias
}

std::int64_t packed_conv_bytes(std::int64_t kernel_y, std::int64_t kernel_x, std::int64_t in_channels,
                               std::int64_t out_channels, std::int64_t channel_bytes) {
  return round_up((kernel_y * kernel_x * round_up(in_channels, 4) + channel_bytes) * padded_out_channels(out_channels),
                  kParameterAlignment);
}

std::int64_t packed_depthwise_bytes(std::int64_t kernel_y, std::int64_t kernel_x, std::int64_t channels,
                                    std::int64_t channel_bytes) {
  return round_up((4 * kernel_y * kernel_x + channel_bytes) * round_up(channels, 16), kParameterAlignment);
}

std::int64_t packed_fully_connected_bytes(std::int64_t in_channels, std::int64_t out_channels,
                                          std::int64_t channel_bytes) {
  return packed_conv_bytes(1, 1, in_channels, std::max(out_channels, kTiles), channel_bytes);
}

std::int64_t packed_vector_bytes(std::int64_t channels) {
  return round_up(kTiles * round_up(channels, 4), kParameterAlignment);
}

std::int64_t packed_map_bytes(std::int64_t values) { return round_up(values, kParameterAlignment); }

}  // namespace Atoll::edgetpu
