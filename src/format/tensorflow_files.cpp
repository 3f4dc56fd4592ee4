// Where the files of a TensorFlow checkpoint are: X.index beside X.data-00000-of-0000N.
#include <algorithm>
#include <memory>
#include <optional>
#include <regex>

#include "atoll/error.h"
#include "atoll/tensorflow.h"
#include "base/file.h"
#include "format/sorted_table.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = ".index";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

fs::path index_of(const fs::path& prefix) { return prefix.string() + kIndex; }

// "efficientnet-edgetpu-S/model.ckpt" of the line `model_checkpoint_path: "model.ckpt"` in the folder's state file.
std::optional<fs::path> latest_in(const fs::path& folder) {
  const fs::path state = folder / "checkpoint";
  if (!is_file(state)) return std::nullopt;
  const std::string text = read_text(state, std::uint64_t{1} << 20);
  constexpr std::string_view kKey = "model_checkpoint_path: \"";
  const std::size_t start = text.starts_with(kKey) ? 0 : text.find(std::string("\n") + std::string(kKey));
  if (start == std::string::npos) return std::nullopt;
  const std::size_t first = text.find('"', start) + 1, last = text.find('"', first);
  if (last == std::string::npos) return std::nullopt;
  // The path is where the checkpoint was written; what matters here is its name.
  return folder / fs::path(text.substr(first, last - first)).filename();
}

std::vector<fs::path> prefixes_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == kIndex) found.push_back(entry.path().parent_path() / entry.path().stem());
  std::sort(found.begin(), found.end());
  return found;
}

// Nothing where `path` is no checkpoint.
std::optional<fs::path> prefix_of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    if (const auto latest = latest_in(path); latest && is_file(index_of(*latest))) return latest;
    const std::vector<fs::path> found = prefixes_in(path);
    if (found.size() > 1)
      fail("'{}' holds {} checkpoints and no file 'checkpoint' that says which; name one, as in {}", path.string(),
           found.size(), found[0].string());
    return found.empty() ? std::nullopt : std::optional(found[0]);
  }
  if (path.extension() == kIndex && is_file(path)) return path.parent_path() / path.stem();
  static const std::regex kData(R"((.*)\.data-\d{5}-of-\d{5})");
  std::smatch parts;
  const std::string name = path.filename().string();
  if (std::regex_match(name, parts, kData)) return path.parent_path() / parts[1].str();
  if (is_file(index_of(path))) return path;
  return std::nullopt;
}

}  // namespace

bool is_tensorflow_checkpoint(const fs::path& path) { return prefix_of(path).has_value(); }

std::vector<NamedTensor> read_tensorflow_checkpoint(const fs::path& path) {
  const std::optional<fs::path> prefix = prefix_of(path);
  if (!prefix && is_file(path) && format::is_sorted_table(read_file(path)))
    fail(
        "'{}' is a TensorFlow checkpoint of version 1, which is not supported; tf.train.Saver(write_version="
        "tf.train.SaverDef.V2) writes version 2",
        path.string());
  if (!prefix) fail("'{}' is no TensorFlow checkpoint: there is no file '{}'", path.string(), index_of(path).string());
  std::vector<std::unique_ptr<const std::vector<std::byte>>> kept;
  const auto shard = [&](int number, int count) -> std::span<const std::byte> {
    const std::string file = fmt::format("{}.data-{:05}-of-{:05}", prefix->string(), number, count);
    kept.push_back(std::make_unique<const std::vector<std::byte>>(read_file(file)));
    return *kept.back();
  };
  const fs::path index = index_of(*prefix);
  return read_tensorflow_checkpoint(read_file(index), shard, index.string());
}

}  // namespace Atoll
