// TensorFlow's checkpoints of version 2 (tensor_bundle): a sorted table from names to type, shape and place, and data
// files that hold the values one behind the other.
#include <algorithm>
#include <cstring>
#include <map>

#include "atoll/error.h"
#include "atoll/tensorflow.h"
#include "base/crc32c.h"
#include "base/float16.h"
#include "format/budget.h"
#include "format/limits.h"
#include "format/protobuf.h"
#include "format/sorted_table.h"
#include "format/tensorflow_objects.h"
#include "format/text.h"

namespace Atoll {
namespace {

using format::ProtoMessage;

constexpr int kMaxShards = 1 << 16;

// tensorflow/core/framework/types.proto
enum ElementType : std::uint64_t { kFloat = 1, kDouble = 2, kString = 7, kBfloat16 = 14, kHalf = 19 };

std::size_t bytes_of(std::uint64_t type) {
  switch (type) {
    case kFloat: return 4;
    case kDouble: return 8;
    case kBfloat16:
    case kHalf: return 2;
    default: return 0;
  }
}

template <typename Stored, typename Convert>
void append(std::vector<float>& values, std::span<const std::byte> bytes, Convert&& convert) {
  for (std::size_t at = 0; at + sizeof(Stored) <= bytes.size(); at += sizeof(Stored)) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + at, sizeof stored);
    values.push_back(convert(stored));
  }
}

std::vector<float> floats_of(std::uint64_t type, std::span<const std::byte> bytes) {
  std::vector<float> values;
  values.reserve(bytes.size() / bytes_of(type));
  if (type == kFloat) append<float>(values, bytes, [](float value) { return value; });
  if (type == kDouble) append<double>(values, bytes, [](double value) { return static_cast<float>(value); });
  if (type == kHalf) append<std::uint16_t>(values, bytes, float_from_half);
  if (type == kBfloat16) append<std::uint16_t>(values, bytes, float_from_bfloat16);
  return values;
}

struct Entry {  // BundleEntryProto
  std::uint64_t type = 0, shard = 0, offset = 0, size = 0;
  std::uint32_t checksum = 0;
  Shape shape;
  bool sliced = false;
};

class Checkpoint {
 public:
  Checkpoint(std::span<const std::byte> index, const CheckpointShard& shard, const std::string& name)
      : shard_(shard), name_(name), budget_(name, index.size()) {
    format::for_each_entry(index, name, [&](std::string_view key, std::span<const std::byte> value) {
      if (key.empty())
        read_header(value);
      else
        read_entry(key, value);
    });
    if (shards_ == 0) fail("'{}' is malformed: its index has no header", name);
  }

  std::vector<NamedTensor> tensors() {
    const std::map<std::string, std::string> names = variable_names();
    std::vector<NamedTensor> found;
    for (const auto& [key, entry] : entries_) {
      if (bytes_of(entry.type) == 0) continue;
      const auto name = names.find(key);
      found.push_back(read(name == names.end() ? format::without_attribute(key) : name->second, entry));
    }
    return found;
  }

 private:
  void read_header(std::span<const std::byte> bytes) {
    ProtoMessage message(bytes);
    std::uint64_t shards = 1;
    while (const auto field = message.next()) {
      if (field->number == 1) shards = field->value;
      if (field->number == 2 && field->value != 0) fail("'{}' was written by a big-endian machine", name_);
    }
    if (shards < 1 || shards > kMaxShards) fail("'{}' is malformed: it has {} data files", name_, shards);
    shards_ = static_cast<int>(shards);
    loaded_.resize(shards);
  }

  void read_entry(std::string_view key, std::span<const std::byte> bytes) {
    Entry entry;
    const std::string tensor = format::clean_text(key);
    budget_.charge(sizeof(Entry) + 2 * tensor.size());
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      switch (field->number) {
        case 1: entry.type = field->value; break;
        case 2: entry.shape = shape_of(field->bytes, tensor); break;
        case 3: entry.shard = field->value; break;
        case 4: entry.offset = field->value; break;
        case 5: entry.size = field->value; break;
        case 6: entry.checksum = static_cast<std::uint32_t>(field->value); break;
        case 7: entry.sliced = true; break;
        default: break;
      }
    }
    entries_.emplace(tensor, entry);
  }

  Shape shape_of(std::span<const std::byte> bytes, const std::string& tensor) {
    Shape shape;
    ProtoMessage message(bytes);
    while (const auto field = message.next()) {
      if (field->number != 2) continue;
      if (shape.rank() == Shape::kMaxRank)
        fail("'{}': tensor '{}' has more than {} dimensions", name_, tensor, Shape::kMaxRank);
      std::int64_t size = 0;
      ProtoMessage dimension(field->bytes);
      while (const auto part = dimension.next())
        if (part->number == 1) size = part->integer();
      shape.push_back(size);
    }
    format::check_shape(shape, tensor);
    return shape;
  }

  std::span<const std::byte> bytes_of_entry(const std::string& tensor, const Entry& entry) {
    if (entry.shard >= loaded_.size())
      fail("'{}' is malformed: tensor '{}' is in data file {} of {}", name_, tensor, entry.shard, shards_);
    Loaded& loaded = loaded_[static_cast<std::size_t>(entry.shard)];
    if (!loaded.known) {
      loaded = {true, shard_(static_cast<int>(entry.shard), shards_)};
      budget_.grow(loaded.bytes.size());
    }
    if (entry.offset > loaded.bytes.size() || entry.size > loaded.bytes.size() - entry.offset)
      fail("'{}' is truncated: tensor '{}' has {} bytes at {} of a data file of {}", name_, tensor, entry.size,
           entry.offset, loaded.bytes.size());
    const auto bytes =
        loaded.bytes.subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.size));
    budget_.charge(bytes.size());  // of reading: several entries may point at the same bytes
    return bytes;
  }

  void check(const std::string& tensor, std::uint32_t found, std::uint32_t wanted) const {
    if (found != wanted) fail("'{}' is damaged: tensor '{}' has a wrong checksum", name_, tensor);
  }

  NamedTensor read(const std::string& name, const Entry& entry) {
    if (entry.sliced)
      fail("'{}': tensor '{}' was saved in slices of a partitioned variable, which is not supported", name_, name);
    const std::uint64_t wanted = static_cast<std::uint64_t>(entry.shape.elements()) * bytes_of(entry.type);
    if (entry.size != wanted)
      fail("'{}' is malformed: tensor '{}' of {} needs {} bytes, but has {}", name_, name, entry.shape.str(), wanted,
           entry.size);
    const std::span<const std::byte> bytes = bytes_of_entry(name, entry);
    check(name, masked_crc32c(bytes), entry.checksum);
    budget_.charge(sizeof(NamedTensor) + static_cast<std::uint64_t>(entry.shape.elements()) * sizeof(float));
    return {name, entry.shape, floats_of(entry.type, bytes)};
  }

  // What an object-based checkpoint says of itself, in a string: its length, a checksum of that, the bytes.
  std::map<std::string, std::string> variable_names() {
    const auto found = entries_.find(format::kObjectGraphKey);
    if (found == entries_.end() || found->second.type != kString || found->second.shape.rank() != 0) return {};
    const std::span<const std::byte> bytes = bytes_of_entry(found->first, found->second);
    std::uint64_t length = 0;
    std::size_t at = 0;
    for (bool more = true; more; ++at) {
      if (at == bytes.size() || at > 4) fail("'{}' is malformed: its graph of objects has no length", name_);
      length |= (std::to_integer<std::uint64_t>(bytes[at]) & 0x7F) << (7 * at);
      more = std::to_integer<int>(bytes[at]) >= 0x80;
    }
    constexpr std::size_t kChecksum = 4;
    if (bytes.size() - at < kChecksum || bytes.size() - at - kChecksum != length)
      fail("'{}' is malformed: its graph of objects has a length of {} in {} bytes", name_, length, bytes.size());
    // The checksum is of the length as four bytes, the checksum of those, and the string.
    constexpr std::size_t kLength = 4;
    const auto tail = bytes.subspan(at);
    budget_.charge(5 * bytes.size());
    std::vector<std::byte> covered(kLength + tail.size());
    for (std::size_t i = 0; i < kLength; ++i) covered[i] = static_cast<std::byte>(length >> (8 * i) & 0xFF);
    std::copy(tail.begin(), tail.end(), covered.begin() + kLength);
    check(found->first, masked_crc32c(covered), found->second.checksum);
    return format::full_names(tail.subspan(kChecksum));
  }

  struct Loaded {
    bool known = false;
    std::span<const std::byte> bytes;
  };

  const CheckpointShard& shard_;
  const std::string& name_;
  format::Budget budget_;
  int shards_ = 0;
  std::map<std::string, Entry> entries_;
  std::vector<Loaded> loaded_;
};

}  // namespace

std::vector<NamedTensor> read_tensorflow_checkpoint(std::span<const std::byte> index, const CheckpointShard& shard,
                                                    const std::string& name) {
  try {
    return Checkpoint(index, shard, name).tensors();
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.find(fmt::format("'{}'", name)) != std::string::npos) throw;
    fail("'{}': {}", name, text);
  }
}

}  // namespace Atoll
