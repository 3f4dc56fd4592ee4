// Weights that others trained in TensorFlow: checkpoints (an index file and one or more data files), and how their
// variables' names and layouts map onto a zoo network.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "atoll/weights.h"

namespace Atoll {

// Data file `shard` of `shards`, whole.
using CheckpointShard = std::function<std::span<const std::byte>(int shard, int shards)>;

// The float tensors of a checkpoint in the V2 format, under their variables' names; counters and other integers are
// left out. An object-based checkpoint (tf.train.Checkpoint) has its variables' full names where it tells them.
// Memory: at most 16 times the files. Throws Error for malformed files and wrong checksums.
std::vector<NamedTensor> read_tensorflow_checkpoint(std::span<const std::byte> index, const CheckpointShard& shard,
                                                    const std::string& name);

// By its prefix ("model.ckpt", for model.ckpt.index and model.ckpt.data-00000-of-00001), by one of its files, or by
// the folder that holds it, whose file `checkpoint` says which where there are several.
std::vector<NamedTensor> read_tensorflow_checkpoint(const std::filesystem::path& path);
bool is_tensorflow_checkpoint(const std::filesystem::path& path);

struct TensorflowOptions {
  bool averages = true;  // a variable's ExponentialMovingAverage instead of itself, where the checkpoint has both
};

// `graph`, a zoo network in training form, with every constant filled by the names of
//   tensorflow/tpu's EfficientNet, -Lite and -EdgeTPU  "efficientnet-edgetpu-S/blocks_0/conv2d/kernel"
//   slim's MobileNet v1 and v2                         "MobilenetV2/expanded_conv_1/expand/weights"
// What an optimizer keeps beside a variable is passed over. Throws Error that lists what is missing, left over or of
// another shape, by name.
Graph with_tensorflow_weights(const Graph& graph, std::span<const NamedTensor> tensors,
                              const TensorflowOptions& options = {});

Graph load_tensorflow_weights(const Graph& graph, const std::filesystem::path& path,
                              const TensorflowOptions& options = {});

}  // namespace Atoll
