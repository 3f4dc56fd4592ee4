#include "edgetpu/compiled.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "atoll/zoo.h"
#include "edgetpu/errors.h"
#include "target/edgetpu/analysis.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu_data.h"

namespace Atoll::edgetpu_accuracy {
namespace {

constexpr double kMiB = 1024 * 1024;

// The end of a long name, where the names differ.
std::string tail(const std::string& name, std::size_t length) {
  return name.size() > length ? name.substr(name.size() - length) : name;
}

class Lines {
 public:
  explicit Lines(bool verbose) : verbose_(verbose) {}
  void add(const std::string& kind, const std::string& name, double predicted, double compiled) {
    errors_[kind].add(predicted, compiled);
    if (verbose_)
      fmt::print("  {:<34} {:<60} {:10.0f} {:10.0f} {:+7.1f} %\n", kind, tail(name, 60), compiled, predicted,
                 100 * (predicted / compiled - 1));
  }
  void print() const {
    for (const auto& [kind, errors] : errors_) fmt::print("  {:<34} {}\n", kind, errors.str());
  }

 private:
  bool verbose_;
  std::map<std::string, Errors> errors_;
};

void executables(const std::filesystem::path& folder, Lines& lines) {
  const auto graphs = edgetpu_data::published_graphs(folder);
  const edgetpu::Chip& newest = edgetpu::known_chips().front();
  const edgetpu::Chip first = edgetpu_data::for_first_compilers(newest);
  for (const edgetpu_data::Executable& e : edgetpu_data::executables(folder)) {
    const auto found = graphs.find(e.model);
    if (found == graphs.end()) continue;
    const edgetpu::Chip& chip = e.first_compiler ? first : newest;
    const edgetpu::Analysis a = edgetpu::analyse(chip, found->second);
    double cycles = 0, instructions = 0;
    for (const edgetpu::SubgraphAnalysis& part : a.subgraphs) {
      instructions += part.instructions;
      for (const edgetpu::Layer& layer : part.layers) cycles += edgetpu::compiler_cycles(chip, layer);
    }
    const auto add = [&](const std::string& kind, double predicted, std::int64_t compiled) {
      if (compiled > 0) lines.add(kind, e.model, predicted, static_cast<double>(compiled));
    };
    const std::string when = e.first_compiler ? "2019-2020" : "2021 on";
    add("cycle estimate, " + when, cycles, e.compiler_cycles);
    const auto all = static_cast<double>(a.onchip_bytes + a.offchip_bytes);
    add("parameter bytes, " + when, all, e.cached_bytes + e.streamed_bytes);
    if (e.cocompiled) continue;  // another model's share is not known
    add("bytes cached, " + when, static_cast<double>(a.onchip_bytes), e.cached_bytes);
    add("bytes streamed, " + when, static_cast<double>(a.offchip_bytes), e.streamed_bytes);
    add("instruction bytes, " + when, instructions, e.instruction_bytes);
  }
}

// What the compiler reported of the micro-benchmarks' networks; one row for the links that ran it.
void reports(const std::filesystem::path& folder, Lines& lines) {
  const edgetpu::Chip& newest = edgetpu::known_chips().front();
  const edgetpu::Chip first = edgetpu_data::for_first_compilers(newest);
  std::set<std::string> seen;
  for (const edgetpu_data::Measurement& m : edgetpu_data::measurements(folder)) {
    if (!m.shares.cached || !seen.insert(m.family + m.name).second) continue;
    const edgetpu::Analysis a = edgetpu::analyse(m.first_compiler ? first : newest, m.network);
    const edgetpu::Cache& cache = a.subgraphs.at(0).cache;
    const std::string when = m.first_compiler ? "2019-2020" : "2021 on";
    lines.add("reported as cached, " + when, m.name, static_cast<double>(cache.reported_bytes), *m.shares.cached);
    if (m.shares.available)
      lines.add("reported as available, " + when, m.name, static_cast<double>(cache.available_bytes),
                *m.shares.available);
    if (*m.shares.streamed > 0)
      lines.add("reported as streamed, " + when, m.name, static_cast<double>(cache.offchip_bytes), *m.shares.streamed);
  }
}

// Reports of networks that are in the zoo: EfficientNet-EdgeTPU M and S, which shared one cache, and DenseNet-201 in
// eight segments that all fit theirs, so that only the sums are the network's.
void zoo_reports(Lines& lines) {
  const edgetpu::Chip& chip = edgetpu::known_chips().front();
  const auto layers_of = [&](const char* name) {
    return edgetpu::analyse(chip, deployed(build_zoo_model(name))).subgraphs.at(0).layers;
  };
  edgetpu::Chip large = chip;
  large.memory.wide_bytes *= 8;
  const std::vector<edgetpu::Layer> densenet = layers_of("densenet201");
  const edgetpu::Cache segments = edgetpu::allocate(large, densenet, 0);
  lines.add("reported as cached, 2021 on", "densenet201", static_cast<double>(segments.reported_bytes), 24.30 * kMiB);
  lines.add("reported as streamed, 2021 on", "densenet201", static_cast<double>(segments.offchip_bytes), 3.11 * kMiB);

  std::vector<edgetpu::Layer> both = layers_of("efficientnet-edgetpu-m-2019");
  const std::size_t first_of_s = both.size();
  const std::vector<edgetpu::Layer> s = layers_of("efficientnet-edgetpu-s-2019");
  both.insert(both.end(), s.begin(), s.end());
  const edgetpu::Cache cache = edgetpu::allocate(chip, both, 0);
  double cached[2] = {0, 0}, streamed[2] = {0, 0};
  for (std::size_t i = 0; i < both.size(); ++i)
    (cache.cached[i] ? cached : streamed)[i < first_of_s ? 0 : 1] += static_cast<double>(both[i].parameter_bytes);
  lines.add("reported as cached, 2021 on", "efficientnet-edgetpu-m with s", cached[0], 4.21 * kMiB);
  lines.add("reported as cached, 2021 on", "efficientnet-edgetpu-s with m", cached[1], 3.20 * kMiB);
  lines.add("reported as streamed, 2021 on", "efficientnet-edgetpu-m with s", streamed[0], 4.16 * kMiB);
  lines.add("reported as streamed, 2021 on", "efficientnet-edgetpu-s with m", streamed[1], 3.37 * kMiB);
}

}  // namespace

void compiled(const std::filesystem::path& folder, bool verbose) {
  Lines lines(verbose);
  executables(folder, lines);
  reports(folder, lines);
  zoo_reports(lines);
  fmt::print("\nWhat the compiler made of published networks\n");
  lines.print();
}

}  // namespace Atoll::edgetpu_accuracy
