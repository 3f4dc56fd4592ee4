// Records: the outcomes of runs, a line each in a file, so that a benchmark that was killed goes on where it was.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <tuple>

#include "contest.h"

namespace Atoll {

class Records {
 public:
  // Reads what is there; an unfinished last line is dropped. An empty path: nothing is kept.
  explicit Records(const std::filesystem::path& path);

  // Nothing where the run was not made, or was not allowed to be as long as `length`.
  const Outcome* find(const Contest& contest, const std::string& algorithm, int seed, const RunLength& length) const;
  void add(const Contest& contest, const std::string& algorithm, int seed, const Outcome& outcome);

 private:
  using Key = std::tuple<std::string, int, std::string, int>;  // problem, percentile, algorithm, seed
  std::filesystem::path path_;
  std::map<Key, Outcome> outcomes_;
};

}  // namespace Atoll
