// How parameters are packed for the chip: padded to the widths in which its memories are read, with the bias
// and the requantization constants beside the weights.
#pragma once

#include <cstdint>

namespace Atoll::edgetpu {

// Bytes for each output channel besides its weights: a 32-bit bias where there is one, and in an int8 network a
// multiplier and a shift. (A uint8 network has one scale for a whole layer, which travels in the instructions.)
std::int64_t channel_bytes(bool int8, bool bias);

// Convolution: input channels in fours, output channels in 64s (below 64 the next power of two, at least 4).
std::int64_t packed_conv_bytes(std::int64_t kernel_y, std::int64_t kernel_x, std::int64_t in_channels,
                               std::int64_t out_channels, std::int64_t channel_bytes);
// Depthwise: every tap takes a slot of four bytes, channels come in 16s.
std::int64_t packed_depthwise_bytes(std::int64_t kernel_y, std::int64_t kernel_x, std::int64_t channels,
                                    std::int64_t channel_bytes);
// Fully connected: the tiles split the outputs, so each of the 16 holds at least one.
std::int64_t packed_fully_connected_bytes(std::int64_t in_channels, std::int64_t out_channels,
                                          std::int64_t channel_bytes);
// The constant operand of an addition or multiplication. One value a channel goes to every tile; a whole map is
// dealt out among them.
std::int64_t packed_vector_bytes(std::int64_t channels);
std::int64_t packed_map_bytes(std::int64_t values);

inline constexpr std::int64_t kTiles = 16;
inline constexpr std::int64_t kParameterAlignment = 64;  // of each tensor

std::int64_t round_up(std::int64_t value, std::int64_t multiple);
std::int64_t ceil_div(std::int64_t value, std::int64_t divisor);

}  // namespace Atoll::edgetpu
