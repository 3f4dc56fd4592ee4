#include "format/sorted_table.h"

#include <cstdint>

#include "atoll/error.h"
#include "base/crc32c.h"
#include "format/text.h"

namespace Atoll::format {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint64_t kMagic = 0xdb4775248b80fb57;
constexpr std::size_t kFooterSize = 48, kTrailerSize = 5;  // two handles and the magic number; type and checksum

std::uint64_t fixed(Bytes bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return value;
}

// Reads from the front of a run of bytes.
class Cursor {
 public:
  Cursor(Bytes bytes, const std::string& name) : rest_(bytes), name_(name) {}

  bool done() const { return rest_.empty(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail("'{}' is malformed: a number in its index has more than 64 bits", name_);
  }
  Bytes take(std::uint64_t size) {
    if (size > rest_.size())
      fail("'{}' is malformed: an entry of its index needs {} bytes, where {} are left", name_, size, rest_.size());
    const Bytes taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
  }

 private:
  Bytes rest_;
  const std::string& name_;
};

class Table {
 public:
  Table(Bytes file, const std::string& name) : file_(file), name_(name) {
    if (!is_sorted_table(file)) fail("'{}' is no index of a checkpoint: the magic number at its end is another", name);
  }

  void each(const TableEntry& entry) {
    Cursor footer(file_.last(kFooterSize), name_);
    footer.varint();  // the block of meta data: TensorFlow's is empty
    footer.varint();
    std::string last;
    bool first = true;
    const Bytes index = block(footer);
    each_in(index, [&](std::string_view, Bytes handle) {
      Cursor where(handle, name_);
      each_in(block(where), [&](std::string_view key, Bytes value) {
        if (!first && key <= last)
          fail("'{}' is malformed: the key '{}' follows '{}', but keys must rise", name_, clean_text(key),
               clean_text(last));
        first = false;
        last = key;
        entry(key, value);
      });
    });
  }

 private:
  // The block that the handle at `where` points at, checked.
  Bytes block(Cursor& where) {
    const std::uint64_t offset = where.varint(), size = where.varint();
    if (file_.size() < kTrailerSize || offset > file_.size() - kTrailerSize ||
        size > file_.size() - kTrailerSize - offset)
      fail("'{}' is malformed: a block of {} bytes at {} lies outside of its {}", name_, size, offset, file_.size());
    const Bytes checked = file_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size) + 1);
    visited_ += checked.size();
    if (visited_ > file_.size()) fail("'{}' is malformed: its blocks overlap", name_);
    if (masked_crc32c(checked) != fixed(file_, static_cast<std::size_t>(offset + size) + 1, 4))
      fail("'{}' is damaged: the block at {} has a wrong checksum", name_, offset);
    if (const int type = std::to_integer<int>(checked.back()); type != 0)
      fail("'{}' has a block that is packed {}, which TensorFlow does not write and Atoll does not read", name_,
           type == 1 ? "by Snappy" : fmt::format("by method {}", type));
    return checked.first(checked.size() - 1);
  }

  // Calls `entry` for each entry of a block: shared and unshared length of the key, length of the value, both.
  template <typename Body>
  void each_in(Bytes block, Body&& entry) {
    const std::uint64_t restarts = block.size() < 4 ? 0 : fixed(block, block.size() - 4, 4);
    if (restarts == 0 || restarts > (block.size() - 4) / 4)
      fail("'{}' is malformed: a block of {} bytes has {} restart points", name_, block.size(), restarts);
    Cursor cursor(block.first(block.size() - 4 - static_cast<std::size_t>(restarts) * 4), name_);
    std::string key;
    while (!cursor.done()) {
      const std::uint64_t shared = cursor.varint(), unshared = cursor.varint(), value_size = cursor.varint();
      if (shared > key.size())
        fail("'{}' is malformed: a key shares {} bytes with one of {}", name_, shared, key.size());
      const Bytes suffix = cursor.take(unshared);
      key.resize(static_cast<std::size_t>(shared));
      key.append(reinterpret_cast<const char*>(suffix.data()), suffix.size());
      entry(std::string_view(key), cursor.take(value_size));
    }
  }

  Bytes file_;
  const std::string& name_;
  std::uint64_t visited_ = 0;  // bytes of blocks, so that no file is read twice over
};

}  // namespace

bool is_sorted_table(Bytes file) { return file.size() >= kFooterSize && fixed(file, file.size() - 8, 8) == kMagic; }

void for_each_entry(Bytes file, const std::string& name, const TableEntry& entry) { Table(file, name).each(entry); }

}  // namespace Atoll::format
