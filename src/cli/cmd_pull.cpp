#include <fmt/ranges.h>

#include <filesystem>

#include "atoll/model.h"
#include "atoll/pull.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct PullFlags {
  std::string model, output, archives;
};

int pull(const Cli& cli, const PullFlags& flags) {
  const PulledModel pulled = pull_model(flags.model, {.archives = flags.archives});
  const std::filesystem::path file = flags.output.empty() ? pulled.file : std::filesystem::path(flags.output);
  if (!flags.output.empty()) save_model(load_model(pulled.file.string()), file);
  const Graph graph = load_model(pulled.file.string());
  if (cli.common.json) {
    const Shape& input = graph.input().shape;
    print_json({{"model", flags.model},
                {"file", file.string()},
                {"cached", pulled.cached},
                {"input", {input.h(), input.w()}},
                {"classes", graph.output().shape.back()},
                {"description", graph.description}});
  } else {
    say("{} {}", pulled.cached ? "already here:" : "pulled", flags.model);
    print(file.string() + "\n");
  }
  return kDone;
}

}  // namespace

void add_pull(Cli& cli) {
  CLI::App* command = cli.command("pull", "fetches published ImageNet weights as a float .tflite",
                                  "  atoll pull efficientnet-lite0\n"
                                  "  atoll classify $(atoll pull efficientnet-lite0) cat.jpg\n"
                                  "  atoll pull efficientnet-lite2 -o lite2.tflite\n"
                                  "  atoll pull efficientnet-edgetpu-s --archives https://mirror.example/checkpoints");
  const auto flags = std::make_shared<PullFlags>();
  command->add_option("model", flags->model, fmt::format("one of {}", fmt::join(pullable_models(), ", ")))->required();
  command->add_option("-o,--output", flags->output, "where to; else the cache ($XDG_CACHE_HOME/atoll)");
  command->add_option("--archives", flags->archives,
                      "where a copy of Google's archives of checkpoints is; else $ATOLL_ARCHIVES, else Google's own");
  cli.run(command, [&cli, flags] { return pull(cli, *flags); });
}

}  // namespace Atoll::cli
