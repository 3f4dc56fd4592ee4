// How near the model of the Edge TPU comes to what was measured and compiled by others: micro-benchmarks on real
// chips, parameter and instruction bytes of published executables, the compiler's own cycle estimates.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

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

void compiled(const std::filesystem::path& folder, bool verbose) {
  const auto graphs = edgetpu_data::published_graphs(folder);
  Errors cycles, cached, streamed, instructions;
  for (const edgetpu_data::Executable& e : edgetpu_data::executables(folder)) {
    const auto found = graphs.find(e.model);
    if (found == graphs.end() || e.cocompiled) continue;
    const edgetpu::Analysis a = edgetpu::analyse(edgetpu::known_chips().front(), found->second);
    double predicted_cycles = 0, predicted_instructions = 0;
    for (const edgetpu::SubgraphAnalysis& part : a.subgraphs) {
      predicted_instructions += part.instructions;
      for (const edgetpu::Layer& layer : part.layers) predicted_cycles += edgetpu::compiler_cycles({}, layer);
    }
    if (e.compiler_cycles > 0) cycles.add(predicted_cycles, static_cast<double>(e.compiler_cycles));
    if (e.cached_bytes > 0) cached.add(static_cast<double>(a.onchip_bytes), static_cast<double>(e.cached_bytes));
    if (e.streamed_bytes > 0) streamed.add(static_cast<double>(a.offchip_bytes), static_cast<double>(e.streamed_bytes));
    if (e.instruction_bytes > 0) instructions.add(predicted_instructions, static_cast<double>(e.instruction_bytes));
    if (verbose)
      fmt::print("  {:<58.58} cycles {:8} {:10.0f}  cached {:8} {:8}  streamed {:8} {:8}  instructions {:7} {:8.0f}\n",
                 e.model.substr(e.model.size() > 58 ? e.model.size() - 58 : 0), e.compiler_cycles, predicted_cycles,
                 e.cached_bytes, a.onchip_bytes, e.streamed_bytes, a.offchip_bytes, e.instruction_bytes,
                 predicted_instructions);
  }
  fmt::print("\nWhat the compiler made of published networks\n");
  fmt::print("  {:<24} {}\n", "its cycle estimate", cycles.str());
  fmt::print("  {:<24} {}\n", "bytes cached", cached.str());
  fmt::print("  {:<24} {}\n", "bytes streamed", streamed.str());
  fmt::print("  {:<24} {}\n", "instruction bytes", instructions.str());
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
