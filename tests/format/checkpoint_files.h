// TensorFlow checkpoints written by hand, after LevelDB's table format and tensor_bundle.proto, to be read or broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "atoll/weights.h"

namespace Atoll::format_test {

using Entries = std::vector<std::pair<std::string, std::string>>;  // key and value, keys rising

// A sorted table with these entries in one block; `type` is the byte behind each block (1: Snappy).
std::vector<std::byte> sorted_table(const Entries& entries, char type = 0);

// The entries as a block holds them, without type and checksum; and a table whose one block is that.
std::string block_of(const Entries& entries);
std::vector<std::byte> table_around(const std::string& block, char type = 0);

struct CheckpointFiles {
  std::vector<std::byte> index, data;
};
// A checkpoint of float32 tensors in one data file.
CheckpointFiles checkpoint_of(std::vector<NamedTensor> tensors);

// BundleHeaderProto and BundleEntryProto.
std::string bundle_header(std::uint64_t shards);
struct BundleEntry {
  std::uint64_t type = 1, shard = 0, offset = 0, size = 0;
  std::uint32_t checksum = 0;
  std::vector<std::uint64_t> shape;
  bool sliced = false;
};
std::string bundle_entry(const BundleEntry& entry);

}  // namespace Atoll::format_test
