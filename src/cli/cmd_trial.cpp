#include <fmt/format.h>

#include <cmath>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/report.h"
#include "atoll/worker.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/trials.h"

namespace Atoll::cli {
namespace {

struct TrialFlags {
  std::int64_t number = 0;
  std::string store, output, data;
  bool train = false;
  bool own_threads = false;  // --threads was given: else as many as the search had
};

// The trained network of a trial: its proxy training is repeated, which gives the same weights on the same kind of
// machine with the same number of threads.
Graph train_again(const Cli& cli, const TrialFlags& flags, SearchTask task, const Graph& graph, const Trial& trial) {
  if (!flags.data.empty()) task.data = flags.data;
  const auto data = open_dataset(task.data, Split::kTrain);
  require_data(task, *data);
  if (flags.own_threads) task.proxy.schedule.threads = cli.common.threads;
  const ProxyData pictures = proxy_data(data, task.proxy);
  Progress progress("training", task.proxy.schedule.epochs);
  TrainHooks hooks;
  hooks.step = [&](double epochs, double images_per_s, double loss) {
    progress.update(epochs, fmt::format("{:.0f} img/s  loss {:.3f}", images_per_s, loss));
  };
  TrainResult result = train_trial(at_resolution(graph, task.proxy), trial.seed, pictures.train, pictures.validation,
                                   task.proxy.schedule, hooks);
  say("trained again: {:.2f}% on validation images; the store says {:.2f}%", 100 * result.top1,
      100 * trial.scores.accuracy);
  if (task.proxy.h <= 0) return result.graph;
  ProxyOptions full;
  full.h = static_cast<int>(graph.input().shape.h());
  full.w = static_cast<int>(graph.input().shape.w());
  return at_resolution(std::move(result.graph), full);
}

void print_trial(const Trial& trial, const Space& space) {
  report::Table table{{"", ""}, {}, {}};
  const auto row = [&](const char* name, const std::string& value) { table.rows.push_back({name, value}); };
  const bool trained = trial.status == TrialStatus::kDone || trial.status == TrialStatus::kStopped;
  row("status", std::string(name_of(trial.status)));
  if (trained) row("accuracy", fmt::format("{:.2f}%", 100 * trial.scores.accuracy));
  row("latency",
      std::isinf(trial.scores.latency_ms) ? "does not map" : fmt::format("{:.3f} ms", trial.scores.latency_ms));
  row("parameters", fmt::format("{} ({} stored, {} of it off the chip)", trial.params,
                                bytes_text(static_cast<double>(trial.scores.size_bytes)),
                                bytes_text(static_cast<double>(trial.scores.offchip_bytes))));
  row("activations", bytes_text(static_cast<double>(trial.scores.memory_bytes)));
  row("MACs", fmt::format("{:.2f} million", static_cast<double>(trial.macs) / 1e6));
  row("seed", std::to_string(trial.seed));
  if (trial.attempts > 0) row("trained", fmt::format("{} by {}", duration_text(trial.seconds), trial.worker));
  if (!trial.rungs.empty()) row("rungs", rungs_text(trial));
  if (!trial.error.empty()) row("error", trial.error);
  row("architecture", space.describe(trial.genotype));
  for (std::size_t d = 0; d < trial.genotype.size(); ++d)
    row(space.decisions()[d].name.c_str(), space.decisions()[d].choices[static_cast<std::size_t>(trial.genotype[d])]);
  print(report::text_table(table));
}

int show_trial(const Cli& cli, const TrialFlags& flags) {
  const auto store = open_store(flags.store);
  const std::vector<Trial> trials = store->trials();
  if (flags.number < 0 || flags.number >= static_cast<std::int64_t>(trials.size()))
    fail("trial store '{}' has no trial {}: it has 0 to {}", store->name(), flags.number,
         static_cast<std::int64_t>(trials.size()) - 1);
  const Trial& trial = trials[static_cast<std::size_t>(flags.number)];
  const SearchTask task = read_task(store->task(), store->name());
  const auto space = make_space(task.space, task.size);
  require_valid(*space, trial.genotype);
  if (!flags.output.empty()) {
    Graph graph = space->build(trial.genotype);
    if (flags.train)
      graph = train_again(cli, flags, task, graph, trial);
    else if (!flags.output.ends_with(".json"))
      graph = initial_weights(graph, trial.seed);
    save_model(graph, flags.output);
    say("'{}' has the {} of trial {}", flags.output,
        flags.train                       ? "network, trained as it was,"
        : flags.output.ends_with(".json") ? "architecture"
                                          : "network, with its initial weights: --train repeats its training,",
        trial.number);
  }
  if (cli.common.json)
    print_json(trial_json(trial, *space));
  else if (flags.output.empty())
    print_trial(trial, *space);
  return kDone;
}

}  // namespace

void add_trial(Cli& cli) {
  CLI::App* command = cli.command("trial", "Shows one trial of a search, and rebuilds its network",
                                  "  atoll trial 17 --store search.db\n"
                                  "  atoll trial 17 --store search.db --export net.json\n"
                                  "  atoll trial 17 --store search.db --export net.tflite --train\n");
  auto flags = std::make_shared<TrialFlags>();
  command->add_option("number", flags->number, "of the trial")->required();
  command->add_option("--store", flags->store, "trial store of its search: file or postgresql:// URL")->required();
  command->add_option("-o,--export", flags->output, "its architecture (.json), or its network (.tflite, float)");
  command->add_flag("--train", flags->train, "repeat its proxy training, for the weights it had");
  command->add_option("--data", flags->data, "where the search's data set lies here");
  cli.run(command, [&cli, command, flags] {
    flags->own_threads = command->count("--threads") > 0;
    return show_trial(cli, *flags);
  });
}

}  // namespace Atoll::cli
