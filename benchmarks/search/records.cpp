#include "records.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "atoll/error.h"

namespace Atoll {

Records::Records(const std::filesystem::path& path) : path_(path) {
  std::ifstream file(path);
  std::streamoff whole = 0;
  for (std::string line; std::getline(file, line) && !file.eof(); whole = file.tellg()) {
    std::istringstream words(line);
    Outcome o;
    std::string problem, algorithm;
    int percentile = 0, seed = 0, needed = 0;
    words >> problem >> percentile >> algorithm >> seed >> o.length.least >> o.length.most >> o.evaluations >> needed;
    for (double& area : o.hypervolume) words >> area;
    if (!(words >> o.seconds))
      fail("'{}' is no file of this benchmark's runs: it has the line '{}'", path.string(), line);
    if (needed > 0) o.needed = needed;
    outcomes_[{problem, percentile, algorithm, seed}] = o;
  }
  file.close();
  if (std::filesystem::exists(path)) std::filesystem::resize_file(path, static_cast<std::uintmax_t>(whole));
}

const Outcome* Records::find(const Contest& contest, const std::string& algorithm, int seed,
                             const RunLength& length) const {
  const auto at = outcomes_.find({contest.problem->name, contest.percentile, algorithm, seed});
  if (at == outcomes_.end()) return nullptr;
  return at->second.length.covers(length) ? &at->second : nullptr;
}

void Records::add(const Contest& contest, const std::string& algorithm, int seed, const Outcome& outcome) {
  outcomes_[{contest.problem->name, contest.percentile, algorithm, seed}] = outcome;
  if (path_.empty()) return;
  std::ofstream file(path_, std::ios::app);
  file << fmt::format("{} {} {} {} {} {} {} {} {:.6f} {:.6f} {:.6f} {:.3f}\n", contest.problem->name,
                      contest.percentile, algorithm, seed, outcome.length.least, outcome.length.most,
                      outcome.evaluations, outcome.needed.value_or(0), outcome.hypervolume[0], outcome.hypervolume[1],
                      outcome.hypervolume[2], outcome.seconds)
       << std::flush;
  if (!file) fail("cannot write '{}'", path_.string());
}

}  // namespace Atoll
