// Writes protocol buffers' wire format, field by field: the counterpart of protobuf.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace Atoll::format {

class ProtoWriter {
 public:
  ProtoWriter& integer(std::uint32_t field, std::int64_t value);
  ProtoWriter& real(std::uint32_t field, float value);
  ProtoWriter& text(std::uint32_t field, std::string_view value);
  ProtoWriter& bytes(std::uint32_t field, std::span<const std::byte> value);
  ProtoWriter& message(std::uint32_t field, const ProtoWriter& value) { return bytes(field, value.bytes_); }
  ProtoWriter& integers(std::uint32_t field, std::span<const std::int64_t> values);  // packed
  ProtoWriter& append(const ProtoWriter& other);                                     // its fields behind these

  const std::vector<std::byte>& bytes() const { return bytes_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void varint(std::uint64_t value);
  void key(std::uint32_t field, std::uint32_t kind) { varint(std::uint64_t{field} << 3 | kind); }

  std::vector<std::byte> bytes_;
};

}  // namespace Atoll::format
