// The sorted table of LevelDB, in which TensorFlow keeps a checkpoint's index: blocks of entries whose keys share
// prefixes, a block that says where they are, and a footer. Every block has a checksum. (LevelDB's
// doc/table_format.md.) LevelDB's own reader trusts lengths that a hostile file chooses; this one does not.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace Atoll::format {

// Whether `file` ends as a sorted table does.
bool is_sorted_table(std::span<const std::byte> file);

using TableEntry = std::function<void(std::string_view key, std::span<const std::byte> value)>;

// Calls `entry` with every key and value, in the order of the keys. Throws Error for a malformed file, a wrong
// checksum, or a packed block. Needs no memory but that of the longest key.
void for_each_entry(std::span<const std::byte> file, const std::string& name, const TableEntry& entry);

}  // namespace Atoll::format
