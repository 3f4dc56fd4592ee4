#include "atoll/tensorboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <vector>

#include "atoll/error.h"
#include "base/crc32c.h"
#include "base/file.h"

namespace Atoll::report {
namespace {

// Protocol buffers' wire format (the encoding specification): a key of field number and wire type, then the value.
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <typename Unsigned>
void put_little_endian(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

void put_key(std::string& out, std::uint64_t field, WireType type) {
  put_varint(out, field << 3 | static_cast<std::uint64_t>(type));
}

void put_double(std::string& out, std::uint64_t field, double value) {
  put_key(out, field, kFixed64);
  put_little_endian(out, std::bit_cast<std::uint64_t>(value));
}

void put_float(std::string& out, std::uint64_t field, float value) {
  put_key(out, field, kFixed32);
  put_little_endian(out, std::bit_cast<std::uint32_t>(value));
}

void put_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_key(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_doubles(std::string& out, std::uint64_t field, const std::vector<double>& values) {
  std::string packed;
  for (const double value : values) put_little_endian(packed, std::bit_cast<std::uint64_t>(value));
  put_bytes(out, field, packed);
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5. Summary: value = 1, with tag = 1,
// simple_value = 2, histo = 5.
std::string event_head(double wall_time, std::int64_t step) {
  std::string event;
  put_double(event, 1, wall_time);
  put_key(event, 2, kVarint);
  put_varint(event, static_cast<std::uint64_t>(step));
  return event;
}

std::string summary_event(double wall_time, std::int64_t step, const std::string& tag, std::string_view value) {
  std::string tagged, summary, event = event_head(wall_time, step);
  put_bytes(tagged, 1, tag);
  tagged += value;
  put_bytes(summary, 1, tagged);
  put_bytes(event, 5, summary);
  return event;
}

// HistogramProto: min = 1, max = 2, num = 3, sum = 4, sum_squares = 5, bucket_limit = 6, bucket = 7.
std::string histogram_proto(std::span<const float> values) {
  constexpr int kBuckets = 30;
  double low = INFINITY, high = -INFINITY, count = 0, sum = 0, squares = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
    squares += value * value;
    ++count;
  }
  if (count == 0) low = high = 0;
  const double width = high > low ? (high - low) / kBuckets : 1;
  std::vector<double> limits(kBuckets), buckets(kBuckets, 0);
  for (int i = 0; i < kBuckets; ++i) limits[static_cast<std::size_t>(i)] = low + width * (i + 1);
  for (const double value : values)
    if (std::isfinite(value))
      ++buckets[std::min<std::size_t>(static_cast<std::size_t>((value - low) / width), kBuckets - 1)];

  std::string proto;
  put_double(proto, 1, low);
  put_double(proto, 2, high);
  put_double(proto, 3, count);
  put_double(proto, 4, sum);
  put_double(proto, 5, squares);
  put_doubles(proto, 6, limits);
  put_doubles(proto, 7, buckets);
  return proto;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, double wall_time) : file_(nullptr, std::fclose) {
  make_folder(folder);
  path_ = folder / fmt::format("events.out.tfevents.{:010d}.atoll", static_cast<std::int64_t>(wall_time));
  file_.reset(std::fopen(path_.c_str(), "wb"));
  if (!file_) fail("cannot write '{}': {}", path_.string(), std::strerror(errno));
  std::string event = event_head(wall_time, 0);
  put_bytes(event, 3, "brain.Event:2");
  append(event);
}

void EventFile::scalar(const std::string& tag, std::int64_t step, double value, double wall_time) {
  std::string simple_value;
  put_float(simple_value, 2, static_cast<float>(value));
  append(summary_event(wall_time, step, tag, simple_value));
}

void EventFile::histogram(const std::string& tag, std::int64_t step, std::span<const float> values, double wall_time) {
  std::string histo;
  put_bytes(histo, 5, histogram_proto(values));
  append(summary_event(wall_time, step, tag, histo));
}

// TFRecord: length, its masked CRC, the bytes, their masked CRC.
void EventFile::append(const std::string& event) {
  std::string record;
  put_little_endian(record, std::uint64_t{event.size()});
  put_little_endian(record, masked_crc32c(std::as_bytes(std::span(record))));
  record += event;
  put_little_endian(record, masked_crc32c(std::as_bytes(std::span(event))));
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() || std::fflush(file_.get()) != 0)
    fail("cannot write '{}': {}", path_.string(), std::strerror(errno));
}

}  // namespace Atoll::report
