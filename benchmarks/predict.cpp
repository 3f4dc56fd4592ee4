// Predicting latency: networks a second on one core, from genotype to milliseconds, over random networks of the space
// "edgetpu" at 224x224 (EfficientNet-EdgeTPU-S is one of them): the plain way, which builds and reads each, and the
// candidate table, which answers the same to the last bit. Beside them, on the same networks, Vela (ethos-u-vela) and
// SCALE-Sim (scalesim) where ATOLL_NPU_PYTHON names a Python that has them.
//
//   predict [GENOTYPES [PLAIN [PEERS]]]      default: 100000 300 1 (SCALE-Sim takes minutes for each)
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "atoll/candidate_table.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "base/timer.h"

namespace {

using namespace Atoll;
namespace fs = std::filesystem;

// The convolutions of a network as SCALE-Sim's topology file.
std::string topology(const Graph& graph) {
  std::string csv =
      "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides, Sparsity,\n";
  for (const Node& node : graph.nodes) {
    const auto row = [&](std::int64_t kernel_h, std::int64_t kernel_w, std::int64_t in, std::int64_t out, int stride) {
      const Shape& x = graph.tensor(node.inputs[0]).shape;
      const std::int64_t h = x.rank() == 4 ? std::max(x.h(), kernel_h) : 1,
                         w = x.rank() == 4 ? std::max(x.w(), kernel_w) : 1;
      csv += fmt::format("{}, {}, {}, {}, {}, {}, {}, {}, 1:1,\n", node.name, h, w, kernel_h, kernel_w, in, out, stride);
    };
    const auto weights = [&]() -> const Shape& { return graph.tensor(node.inputs[1]).shape; };
    if (const auto* conv = std::get_if<Conv2D>(&node.op))
      row(weights()[1], weights()[2], weights()[3], weights()[0], conv->stride.h);
    else if (const auto* depthwise = std::get_if<DepthwiseConv2D>(&node.op))
      row(weights()[1], weights()[2], 1, weights()[3], depthwise->stride.h);
    else if (std::holds_alternative<FullyConnected>(node.op))
      row(1, 1, weights()[1], weights()[0], 1);
  }
  return csv;
}

struct Measured {
  double networks = 0, seconds = 0;
};

// Empty where the tool is not there; then `why` says so.
Measured run_peer(const char* tool, const fs::path& folder, const std::vector<fs::path>& files, std::string& why) {
  const char* python = std::getenv("ATOLL_NPU_PYTHON");
  if (python == nullptr) {
    why = "ATOLL_NPU_PYTHON is not set";
    return {};
  }
  std::string command =
      fmt::format("'{}' '{}/benchmarks/npu_peers.py' {} '{}'", python, ATOLL_SOURCE_DIR, tool, folder.string());
  for (const fs::path& file : files) command += fmt::format(" '{}'", file.string());
  const fs::path answers = folder / "seconds";
  const int status =
      std::system(fmt::format("{} > '{}' 2> '{}'", command, answers.string(), (folder / "errors").string()).c_str());
  Measured result;
  std::istringstream lines(read_text(answers));
  for (double seconds; lines >> seconds;) {
    result.seconds += seconds;
    ++result.networks;
  }
  if (status == 0 && result.networks > 0) return result;
  const std::string errors = read_text(folder / "errors");
  const std::string last = errors.empty() ? "it failed" : errors.substr(errors.rfind('\n', errors.size() - 2) + 1);
  why = last.substr(0, last.find('\n'));
  return {};
}

int run(int argc, char** argv) {
  const auto number = [&](int i, int standard) { return argc > i ? std::atoi(argv[i]) : standard; };
  const int genotypes = number(1, 100000), plain = number(2, 300), peers = number(3, 1);
  if (genotypes < 1 || plain < 1 || peers < 0)
    fail("give three numbers: genotypes, of them the plain way, of them for the peers");
  const auto space = make_space("edgetpu", {.h = 224, .w = 224});
  const auto target = open_target("edgetpu-usb3");
  Rng rng(1, 0);
  std::vector<Genotype> drawn;
  for (int i = 0; i < std::max(genotypes, std::max(plain, peers)); ++i) drawn.push_back(random_genotype(*space, rng));

  std::string pattern = (fs::temp_directory_path() / "atoll-predict-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  report::Table table{.header = {"way", "networks", "seconds", "networks/s"}, .right = {false, true, true, true}};
  const auto row = [&](const std::string& way, const Measured& m) {
    table.rows.push_back({way, fmt::format("{:.0f}", m.networks), fmt::format("{:.3f}", m.seconds),
                          m.seconds > 0 ? fmt::format("{:.4g}", m.networks / m.seconds) : ""});
  };
  double plain_sum = 0, same_sum = 0;
  double start = seconds_now();
  for (int i = 0; i < plain; ++i) plain_sum += target->latency_ms(space->build(drawn[static_cast<std::size_t>(i)]));
  row("Atoll, the plain way", {static_cast<double>(plain), seconds_now() - start});

  CandidateTable candidates(*space, target);
  for (const char* way : {"Atoll, candidate table, empty at first", "Atoll, candidate table, every part known"}) {
    start = seconds_now();
    for (int i = 0; i < genotypes; ++i) candidates.costs(drawn[static_cast<std::size_t>(i)]);
    row(way, {static_cast<double>(genotypes), seconds_now() - start});
  }
  for (int i = 0; i < plain; ++i) same_sum += candidates.costs(drawn[static_cast<std::size_t>(i)]).latency_ms;
  if (plain_sum != same_sum) fail("the table says {} ms in all, the plain way {} ms", same_sum, plain_sum);

  std::vector<fs::path> models, topologies;
  for (int i = 0; i < peers; ++i) {
    const Graph graph = with_random_weights(space->build(drawn[static_cast<std::size_t>(i)]), 1, true);
    models.push_back(folder / fmt::format("network{}.tflite", i));
    save_model(graph, models.back());
    topologies.push_back(folder / fmt::format("network{}.csv", i));
    write_file(topologies.back(), topology(graph));
  }
  std::string notes;
  if (peers > 0)
    for (const auto& [tool, name, files] : {std::tuple("vela", "Vela, ethos-u65-512", models),
                                            std::tuple("scalesim", "SCALE-Sim, 64x64 array", topologies)}) {
      std::string why;
      const Measured measured = run_peer(tool, folder, files, why);
      if (measured.networks > 0)
        row(name, measured);
      else
        notes += fmt::format("{}: not measured: {}\n", name, why);
    }
  fmt::print(
      "Latency of random networks of the space edgetpu at 224x224, on one core; {} stage variants were built.\n{}{}",
      candidates.parts(), report::text_table(table), notes);
  fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "predict: error: {}\n", error.what());
    return 2;
  }
}
