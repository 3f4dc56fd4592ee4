// libFuzzer's start: puts the seeds into the folder that ATOLL_FUZZ_CORPUS names.
#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("ATOLL_FUZZ_CORPUS");
  if (folder == nullptr) return 0;
  Atoll::make_folder(folder);
  int count = 0;
  for (const std::vector<std::byte>& seed : Atoll::fuzz::seeds())
    Atoll::write_file(fmt::format("{}/seed{:03}", folder, count++), seed);
  return 0;
}
