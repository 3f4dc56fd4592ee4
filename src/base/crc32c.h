// CRC-32C (Castagnoli, RFC 3720 appendix B.4), and the masked form that TFRecord files and TensorFlow checkpoints
// store.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace Atoll {

std::uint32_t crc32c(std::span<const std::byte> bytes);

// Rotated and offset, so that a checksum of data that holds checksums stays strong.
inline std::uint32_t masked_crc32c(std::span<const std::byte> bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

}  // namespace Atoll
