// The file that a training can go on from: magic, version, length and CRC-32, then where the training stands,
// its history, and the back end's state. The reader bounds its memory by the size of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "atoll/train.h"

namespace Atoll::training {

struct Checkpoint {
  std::uint64_t fingerprint = 0;  // of the network, the data's size and the options that shape the result
  std::int64_t epoch = 0;         // finished ones
  std::int64_t batches = 0;       // done in the epoch at hand
  double loss_sum = 0;            // of those
  std::int64_t correct = 0;
  double seconds = 0;
  std::vector<EpochRecord> history;
  std::vector<std::byte> backend;
};

std::uint64_t fingerprint_of(const Graph& graph, std::int64_t images, const TrainOptions& options,
                             const ValueTransform* transform = nullptr);
std::vector<std::byte> encode(const Checkpoint& checkpoint);
Checkpoint decode(std::span<const std::byte> file, const std::string& name);  // throws Error

}  // namespace Atoll::training
