// Archives of downloads: gzip around tar. Nothing is ever written to disk under a name that an archive chose.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace Atoll::format {

// The unpacked bytes of gzip, one member or several. At most 16 times the packed bytes and 4 MiB; what would unfold
// to more is refused. Throws Error for malformed bytes and a wrong checksum.
std::vector<std::byte> unpack_gzip(std::span<const std::byte> packed, const std::string& name);

// The regular files of a tar archive (POSIX ustar, GNU's long names) by the last part of their paths; links, devices
// and folders are passed over. The contents lie inside `archive`. Throws Error for a malformed archive, and where two
// files share a name.
std::map<std::string, std::span<const std::byte>> read_tar(std::span<const std::byte> archive, const std::string& name);

}  // namespace Atoll::format
