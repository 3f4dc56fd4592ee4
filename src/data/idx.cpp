// idx files, as MNIST and Fashion-MNIST come in: a magic number (type and rank), the dimensions as
// big-endian 32-bit numbers, then the bytes. Plain or gzip-packed.
#include <algorithm>
#include <array>
#include <filesystem>

#include "atoll/error.h"
#include "base/file.h"
#include "data/class_names.h"
#include "data/pixel_dataset.h"
#include "data/sources.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 33;
// Real pictures pack to a half or a tenth; what unfolds to more than this is no data set.
constexpr std::uint64_t kMaxUnfolding = 256, kAlwaysAllowed = std::uint64_t{1} << 20;

struct IdxFile {
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> values;
};

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

IdxFile read_idx(const fs::path& path) {
  std::error_code ignored;
  const std::uint64_t packed = fs::exists(path, ignored) ? fs::file_size(path, ignored) : 0;
  std::vector<std::byte> bytes = read_gzip(path, std::min(kMaxBytes, kMaxUnfolding * packed + kAlwaysAllowed));
  if (bytes.size() < 4) fail("'{}' has {} bytes, too few for an idx file", path.string(), bytes.size());
  const std::uint32_t magic = big_endian(bytes, 0), rank = magic & 0xff;
  if (magic >> 8 != 0x08 || rank < 1 || rank > 4)
    fail("'{}' begins with 0x{:08x}; an idx file of bytes begins with 0x000008 and its rank, 1 to 4", path.string(),
         magic);
  const std::size_t header = 4 + 4 * static_cast<std::size_t>(rank);
  if (bytes.size() < header) fail("'{}' ends inside its header", path.string());
  IdxFile file;
  std::uint64_t elements = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::uint32_t dim = big_endian(bytes, 4 + 4 * i);
    if (dim == 0) fail("'{}' is empty: its dimension {} is 0", path.string(), i);
    if (elements > kMaxBytes / dim) fail("'{}' claims more than {} bytes", path.string(), kMaxBytes);
    elements *= dim;
    file.dims.push_back(dim);
  }
  if (bytes.size() - header != elements)
    fail("'{}' should hold {} values after its header, but holds {}", path.string(), elements, bytes.size() - header);
  file.values.resize(elements);
  std::transform(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end(), file.values.begin(),
                 [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return file;
}

// "train-images-idx3-ubyte", with a dot or a dash, packed or not.
fs::path find(const fs::path& folder, const std::string& stem, const std::string& kind) {
  for (const char* separator : {"-", "."})
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = folder / (stem + separator + kind + "-ubyte" + ending);
      if (fs::exists(path)) return path;
    }
  return folder / (stem + "-" + kind + "-ubyte");
}

std::string stem(Split split, const char* what) {
  return std::string(split == Split::kTrain ? "train-" : "t10k-") + what;
}

std::vector<int> read_labels(const fs::path& path) {
  const IdxFile file = read_idx(path);
  if (file.dims.size() != 1) fail("'{}' has {} dimensions; labels have 1", path.string(), file.dims.size());
  return {file.values.begin(), file.values.end()};
}

int largest(const std::vector<int>& labels) { return *std::max_element(labels.begin(), labels.end()); }

// A labels file beside the data, or numbers up to the largest label of either split.
std::vector<std::string> class_names(const fs::path& folder, Split split, int largest_label) {
  if (auto names = read_class_names(folder)) return *std::move(names);
  const fs::path other = find(folder, stem(split == Split::kTrain ? Split::kTest : Split::kTrain, "labels"), "idx1");
  if (fs::exists(other)) largest_label = std::max(largest_label, largest(read_labels(other)));
  return numbered_classes(largest_label + 1);
}

DatasetPtr open(const fs::path& folder, Split split, std::vector<std::string> classes) {
  const fs::path image_path = find(folder, stem(split, "images"), "idx3");
  const fs::path colour_path = find(folder, stem(split, "images"), "idx4");
  const bool colour = !fs::exists(image_path) && fs::exists(colour_path);
  const fs::path& path = colour ? colour_path : image_path;
  IdxFile images = read_idx(path);
  if (images.dims.size() != (colour ? 4u : 3u) || (colour && images.dims[3] != 1 && images.dims[3] != 3))
    fail("'{}' has {} dimensions; pictures have 3 (images, rows, columns), or 4 with 1 or 3 channels last",
         path.string(), images.dims.size());
  const fs::path label_path = find(folder, stem(split, "labels"), "idx1");
  PixelData data;
  data.labels = read_labels(label_path);
  if (static_cast<std::int64_t>(data.labels.size()) != images.dims[0])
    fail("'{}' has {} labels for the {} images of '{}'", label_path.string(), data.labels.size(), images.dims[0],
         path.string());
  const int top = largest(data.labels);
  data.classes = classes.empty() ? class_names(folder, split, top) : std::move(classes);
  if (top >= static_cast<int>(data.classes.size()))
    fail("'{}' has the label {}, but there are {} classes", label_path.string(), top, data.classes.size());
  data.h = static_cast<int>(images.dims[1]);
  data.w = static_cast<int>(images.dims[2]);
  data.c = colour ? static_cast<int>(images.dims[3]) : 1;
  data.pixels = std::move(images.values);
  data.name = name_of(split);
  return std::make_shared<PixelDataset>(std::move(data));
}

}  // namespace

DatasetPtr open_idx(const std::string& folder, Split split) {
  if (!fs::is_directory(folder)) fail("idx:{} is not a folder", folder);
  return open(folder, split, {});
}

DatasetPtr open_fashion_mnist(Split split) {
  const fs::path folder = "/usr/share/datasets/fashion-mnist";
  if (!fs::is_directory(folder))
    fail("fashion-mnist is not installed: '{}' does not exist; install it with 'apt-get install dataset-fashion-mnist'",
         folder.string());
  return open(
      folder, split,
      {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
}

}  // namespace Atoll
