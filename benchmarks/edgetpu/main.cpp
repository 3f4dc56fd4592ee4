// How near the model of the Edge TPU comes to what was measured and compiled by others: micro-benchmarks on real
// chips here, executables and reports of the compiler in compiled.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "edgetpu/compiled.h"
#include "edgetpu/cross_validation.h"
#include "edgetpu/errors.h"
#include "edgetpu/fit.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu_data.h"

namespace {

using namespace Atoll;
using namespace Atoll::edgetpu_accuracy;

void latency(const std::filesystem::path& folder, bool verbose, bool validate) {
  const std::vector<edgetpu_data::Measurement> measurements = edgetpu_data::measurements(folder);
  const std::vector<Row> rows = rows_of(measurements);
  const Chips chips = built_in_chips();
  std::map<std::string, Errors> families;
  Errors all;
  for (const Row& row : rows) {
    const edgetpu_data::Measurement& m = *row.measurement;
    const double ms = predicted_ms(chips, row);
    families[m.family + ", " + m.link].add(ms, m.ms);
    all.add(ms, m.ms);
    if (verbose)
      fmt::print("  {:<14} {:<5} {:<62.62} {:9.3f} {:9.3f} {:+6.1f} %\n", m.family, m.link, m.name, m.ms, ms,
                 100 * (ms / m.ms - 1));
  }
  fmt::print("Latency of the micro-benchmarks, with the built-in parameters\n");
  for (const auto& [name, errors] : families) fmt::print("  {:<28} {}\n", name, errors.str());
  fmt::print("  {:<28} {}\n", "all", all.str());
  if (validate) cross_validate(rows, verbose);
}

}  // namespace

int main(int argc, char** argv) {
  bool verbose = false, validate = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--verbose")
      verbose = true;
    else if (word == "--no-cross-validation")
      validate = false;
    else {
      fmt::print(stderr, "usage: edgetpu_accuracy [--verbose] [--no-cross-validation]\n");
      return 1;
    }
  }
  const auto folder = edgetpu_data::folder();
  if (!folder) {
    fmt::print("No folder of Edge TPU data: set ATOLL_DATA to one that has edgetpu/ in it.\n");
    return 0;
  }
  latency(*folder, verbose, validate);
  compiled(*folder, verbose);
}
