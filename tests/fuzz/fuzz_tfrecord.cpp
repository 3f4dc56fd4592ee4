// The first byte says whether the rest is a whole file, whose checksums rarely survive a change, or one record to
// which right checksums are made.
#include "base/crc32c.h"
#include "data/fixtures.h"
#include "data/sources.h"
#include "fuzz/file_reader.h"

namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
}

Bytes record(std::span<const std::byte> content) {
  Bytes bytes;
  append(bytes, content.size(), 8);
  append(bytes, Atoll::masked_crc32c(bytes), 4);
  bytes.insert(bytes.end(), content.begin(), content.end());
  append(bytes, Atoll::masked_crc32c(content), 4);
  return bytes;
}

std::string counted(int field, const std::string& bytes) {
  std::string text(1, static_cast<char>(field << 3 | 2));
  for (std::size_t size = bytes.size(); true; size >>= 7) {
    text += static_cast<char>(size >= 0x80 ? (size & 0x7F) | 0x80 : size);
    if (size < 0x80) return text + bytes;
  }
}

// tf.train.Example: features, a map from names to lists of bytes (1) or integers (3).
Bytes example(const Bytes& picture) {
  const std::string encoded(reinterpret_cast<const char*>(picture.data()), picture.size());
  const auto feature = [](const std::string& name, const std::string& list) {
    return counted(1, counted(1, name) + counted(2, list));
  };
  const std::string features = feature("image/encoded", counted(1, counted(1, encoded))) +
                               feature("image/class/label", counted(3, counted(1, std::string(1, '\0'))));
  return Atoll::fuzz::bytes_of(counted(1, features));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return Atoll::fuzz::feed(data, size, [](std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    const std::span<const std::byte> rest = bytes.subspan(1);
    Bytes file(rest.begin(), rest.end());
    if (std::to_integer<int>(bytes[0]) != 0) {
      file = record(rest);
      file.insert(file.end(), file.begin(), file.end());
    }
    const auto pictures =
        Atoll::open_tfrecord(Atoll::fuzz::put("pictures.tfrecord", file).string(), Atoll::Split::kTrain, {});
    for (std::int64_t i = 0; i < pictures->size(); ++i) pictures->image(i);
  });
}

std::vector<std::vector<std::byte>> Atoll::fuzz::seeds() {
  const Bytes one = example(fixtures::png(fixtures::gradient(3, 4, 3))), whole = record(one);
  Bytes file = {std::byte{0}}, alone = {std::byte{1}};
  for (int i = 0; i < 6; ++i) file.insert(file.end(), whole.begin(), whole.end());
  alone.insert(alone.end(), one.begin(), one.end());
  return {file, alone};
}
