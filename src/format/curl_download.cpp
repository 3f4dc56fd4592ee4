#include "format/curl_download.h"

#include "atoll/error.h"
#include "base/file.h"
#include "format/run_program.h"

namespace Atoll::format {

std::vector<std::byte> curl_download(const std::string& url, const std::filesystem::path& folder,
                                     std::uint64_t max_bytes) {
  constexpr int kNoProgram = 127;
  const std::filesystem::path log = folder / "curl.log";
  ProgramOutput output = output_of({"curl",
                                    "--silent",
                                    "--show-error",
                                    "--fail",
                                    "--location",
                                    "--globoff",
                                    "--proto",
                                    "=http,https",
                                    "--proto-redir",
                                    "=https",
                                    "--connect-timeout",
                                    "20",
                                    "--speed-time",
                                    "60",
                                    "--speed-limit",
                                    "1",
                                    "--max-filesize",
                                    std::to_string(max_bytes),
                                    "--url",
                                    url},
                                   log, max_bytes);
  if (output.code == kNoProgram) fail("downloading '{}' needs curl, which is not here (apt-get install curl)", url);
  if (output.too_long) fail("'{}' has more than the {} bytes that are accepted", url, max_bytes);
  if (output.code != 0) fail("'{}' cannot be downloaded: {}", url, last_words(read_text(log)));
  return std::move(output.bytes);
}

}  // namespace Atoll::format
