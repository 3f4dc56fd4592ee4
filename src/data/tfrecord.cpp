// tfrecord:PATH, a folder with files named train* and test* (or val*), or one file, of whose records every
// fifth of each class is the test split. A record is its length (8 bytes), the masked checksum of that,
// the bytes of a tf.train.Example, and their masked checksum. Labels count from 0, or from 1 when no
// record of the split has label 0 (ImageNet's records). Names come from labels.txt or "image/class/text".
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "atoll/error.h"
#include "atoll/threads.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "data/class_names.h"
#include "data/decode.h"
#include "data/example_proto.h"
#include "data/sources.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxRecord = std::uint64_t{1} << 28;
constexpr int kMaxLabel = 1'000'000;

struct Record {
  std::uint32_t file = 0;
  std::uint32_t number = 0;  // within the file, for messages
  std::uint64_t offset = 0, length = 0;
  int label = 0;
};

template <typename T>
T little_endian(const std::byte* bytes) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) value = static_cast<T>(value << 8 | std::to_integer<T>(bytes[i]));
  return value;
}

std::vector<std::byte> read_at(std::ifstream& file, std::uint64_t offset, std::size_t count) {
  std::vector<std::byte> bytes(count);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  file.clear();
  return bytes;
}

class TfRecordDataset final : public Dataset {
 public:
  TfRecordDataset(std::vector<fs::path> files, std::vector<Record> records, std::vector<std::string> classes)
      : files_(std::move(files)), records_(std::move(records)), classes_(std::move(classes)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(records_.size()); }
  int label(std::int64_t index) const override { return at(index).label; }
  std::string name(std::int64_t index) const override {
    return fmt::format("{}[{}]", files_[at(index).file].string(), at(index).number);
  }
  const std::vector<std::string>& classes() const override { return classes_; }
  Image image(std::int64_t index) const override {
    const Record& record = at(index);
    std::ifstream file(files_[record.file], std::ios::binary);
    const std::vector<std::byte> bytes = read_at(file, record.offset, static_cast<std::size_t>(record.length) + 4);
    if (bytes.size() != record.length + 4) fail("{} can no longer be read", name(index));
    const auto content = std::span(bytes).first(static_cast<std::size_t>(record.length));
    if (masked_crc32c(content) != little_endian<std::uint32_t>(bytes.data() + record.length))
      fail("{} is damaged: its checksum does not fit its bytes", name(index));
    return decode_image(read_example(content, name(index)).encoded, name(index));
  }

 private:
  const Record& at(std::int64_t index) const { return records_[static_cast<std::size_t>(index)]; }

  std::vector<fs::path> files_;
  std::vector<Record> records_;
  std::vector<std::string> classes_;
};

// What opening learns of one file.
struct Scan {
  std::vector<Record> records;
  std::map<int, std::string> texts;
  std::int64_t bad = 0;
  std::string first_error;
};

void scan_record(const fs::path& path, std::span<const std::byte> bytes, Record record, const OpenOptions& options,
                 Scan& scan) {
  const std::string name = fmt::format("{}[{}]", path.string(), record.number);
  try {
    const auto content = bytes.first(static_cast<std::size_t>(record.length));
    if (masked_crc32c(content) != little_endian<std::uint32_t>(bytes.data() + record.length))
      fail("{} is damaged: its checksum does not fit its bytes", name);
    const ImageExample example = read_example(content, name);
    if (example.encoded.empty()) fail("{} has no feature 'image/encoded'", name);
    if (!example.label) fail("{} has no feature 'image/class/label'", name);
    if (*example.label < 0 || *example.label > kMaxLabel) fail("{} has the label {}", name, *example.label);
    if (options.skip_bad)
      decode_image(example.encoded, name);
    else
      check_image_header(example.encoded, name);
    record.label = static_cast<int>(*example.label);
    if (!example.text.empty()) scan.texts.emplace(record.label, example.text);
    scan.records.push_back(record);
  } catch (const Error& error) {
    if (!options.skip_bad) throw;
    if (scan.bad++ == 0) scan.first_error = error.what();
  }
}

Scan scan_file(const fs::path& path, std::uint32_t file_number, const OpenOptions& options) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read '{}'", path.string());
  const std::uint64_t size = fs::file_size(path);
  Scan scan;
  std::uint32_t number = 0;
  for (std::uint64_t at = 0; at < size; ++number) {
    const std::vector<std::byte> head = read_at(file, at, 12);
    if (head.size() < 12) fail("'{}' ends inside record {}", path.string(), number);
    const auto length = little_endian<std::uint64_t>(head.data());
    if (masked_crc32c(std::span(head).first(8)) != little_endian<std::uint32_t>(head.data() + 8))
      fail("'{}' is no TFRecord file: the checksum of record {}'s length does not fit", path.string(), number);
    if (length > kMaxRecord)
      fail("record {} of '{}' has {} bytes, more than the {} that are accepted", number, path.string(), length,
           kMaxRecord);
    if (size - at < 16 + length) fail("'{}' ends inside record {}", path.string(), number);
    const std::vector<std::byte> bytes = read_at(file, at + 12, static_cast<std::size_t>(length) + 4);
    if (bytes.size() != length + 4) fail("'{}' ends inside record {}", path.string(), number);
    scan_record(path, bytes, {file_number, number, at + 12, length, 0}, options, scan);
    at += 16 + length;
  }
  return scan;
}

std::vector<fs::path> files_of(const fs::path& folder, Split split) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        split == Split::kTrain ? name.starts_with("train") : name.starts_with("test") || name.starts_with("val");
    if (wanted && entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty())
    fail("tfrecord:{} has no file whose name begins with {}", folder.string(),
         split == Split::kTrain ? "'train'" : "'test' or 'val'");
  return files;
}

std::vector<std::string> class_names(const fs::path& folder, const std::map<int, std::string>& texts, int first,
                                     int last) {
  if (auto names = read_class_names(folder)) return *std::move(names);
  std::vector<std::string> names;
  for (int label = first; label <= last; ++label) {
    const auto text = texts.find(label);
    names.push_back(text != texts.end() ? text->second : std::to_string(label - first));
  }
  return names;
}

}  // namespace

DatasetPtr open_tfrecord(const std::string& path, Split split, const OpenOptions& options) {
  if (!fs::exists(path)) fail("tfrecord:{} does not exist", path);
  const bool folder = fs::is_directory(path);
  std::vector<fs::path> files = folder ? files_of(path, split) : std::vector<fs::path>{path};
  std::vector<Scan> scans(files.size());
  ThreadPool(hardware_threads()).for_each(static_cast<std::int64_t>(files.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    scans[at] = scan_file(files[at], static_cast<std::uint32_t>(i), options);
  });
  std::vector<Record> records;
  std::map<int, std::string> texts;
  std::int64_t bad = 0;
  const std::string* first_error = nullptr;
  for (const Scan& scan : scans) {
    records.insert(records.end(), scan.records.begin(), scan.records.end());
    texts.insert(scan.texts.begin(), scan.texts.end());
    if (scan.bad > 0 && first_error == nullptr) first_error = &scan.first_error;
    bad += scan.bad;
  }
  if (bad > 0) say("tfrecord:{}: {} records are left out, first: {}", path, bad, *first_error);
  if (records.empty()) fail("tfrecord:{} has no images", path);
  const auto by_label = [](const Record& a, const Record& b) { return a.label < b.label; };
  const int last = std::max_element(records.begin(), records.end(), by_label)->label;
  const int lowest = std::min_element(records.begin(), records.end(), by_label)->label;
  const int first = lowest >= 1 ? 1 : 0;
  std::vector<std::string> classes =
      class_names(folder ? fs::path(path) : fs::path(path).parent_path(), texts, first, last);
  if (last - first >= static_cast<int>(classes.size()))
    fail("tfrecord:{} has the label {}, but there are {} classes", path, last, classes.size());
  std::map<int, std::size_t> seen;
  std::vector<Record> part;
  for (Record& record : records) {
    record.label -= first;
    const bool test = seen[record.label]++ % 5 == 4;
    if (folder || test == (split == Split::kTest)) part.push_back(record);
  }
  return std::make_shared<TfRecordDataset>(std::move(files), std::move(part), std::move(classes));
}

}  // namespace Atoll
