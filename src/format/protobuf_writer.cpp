#include "format/protobuf_writer.h"

#include <bit>

namespace Atoll::format {

void ProtoWriter::varint(std::uint64_t value) {
  for (; value > 0x7F; value >>= 7) bytes_.push_back(static_cast<std::byte>((value & 0x7F) | 0x80));
  bytes_.push_back(static_cast<std::byte>(value));
}

ProtoWriter& ProtoWriter::integer(std::uint32_t field, std::int64_t value) {
  key(field, 0);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::real(std::uint32_t field, float value) {
  key(field, 5);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<std::byte>(bits >> shift & 0xFF));
  return *this;
}

ProtoWriter& ProtoWriter::text(std::uint32_t field, std::string_view value) {
  return bytes(field, std::as_bytes(std::span(value)));
}

ProtoWriter& ProtoWriter::bytes(std::uint32_t field, std::span<const std::byte> value) {
  key(field, 2);
  varint(value.size());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  return *this;
}

ProtoWriter& ProtoWriter::integers(std::uint32_t field, std::span<const std::int64_t> values) {
  ProtoWriter packed;
  for (const std::int64_t value : values) packed.varint(static_cast<std::uint64_t>(value));
  return message(field, packed);
}

ProtoWriter& ProtoWriter::append(const ProtoWriter& other) {
  bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
  return *this;
}

}  // namespace Atoll::format
