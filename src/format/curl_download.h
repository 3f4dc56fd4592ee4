// Files from the web, by curl: like pip for packages, the one client that knows the user's proxies and certificates.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace Atoll::format {

// What is at `url` (http or https; redirections must be https), at most `max_bytes`. `folder` takes curl's log.
// Throws Error with curl's last words, or where there is no curl.
std::vector<std::byte> curl_download(const std::string& url, const std::filesystem::path& folder,
                                     std::uint64_t max_bytes);

}  // namespace Atoll::format
