#include <fmt/format.h>

#include "atoll/error.h"
#include "atoll/worker.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct WorkerFlags {
  std::string store, data;
  double wait_s = 0;
  bool own_threads = false;  // --threads was given: else as many as the search has, for the same bytes
  WorkerOptions options;
};

int run_worker(const Cli& cli, const WorkerFlags& flags) {
  SearchTask task = await_task(flags.store, flags.wait_s, flags.options.store);
  if (!flags.data.empty()) task.data = flags.data;
  const auto data = open_dataset(task.data, Split::kTrain);
  require_data(task, *data);
  if (flags.own_threads) task.proxy.schedule.threads = cli.common.threads;
  const auto space = make_space(task.space, task.size);
  const auto target = open_target(task.target);
  say("{} works for a search of space {} on {}", flags.options.name, space->name(), task.data);
  const WorkerResult result =
      work(flags.store, *space, proxy_objectives(data, target, task.proxy), flags.options, [](const Trial& trial) {
        if (trial.status == TrialStatus::kFailed)
          say("trial {} failed: {}", trial.number, trial.error);
        else
          say("trial {} {}: {:.2f}% in {}", trial.number, name_of(trial.status), 100 * trial.scores.accuracy,
              duration_text(trial.seconds));
      });
  if (cli.common.json)
    print_json({{"worker", flags.options.name},
                {"counted", result.counted},
                {"failed", result.failed},
                {"late", result.late}});
  else
    say("the search is over; this worker brought in {} results, of which {} failed; {} came too late", result.counted,
        result.failed, result.late);
  return kDone;
}

}  // namespace

void add_worker(Cli& cli) {
  CLI::App* command = cli.command("worker", "Trains candidates for a search elsewhere, until it is over",
                                  "  atoll worker --store search.db --threads 1\n"
                                  "  atoll worker --store postgresql://host/db --data imagefolder:/scratch/photos\n");
  auto flags = std::make_shared<WorkerFlags>();
  command->add_option("--store", flags->store, "of a search with --workers: file or postgresql:// URL")->required();
  command->add_option("--data", flags->data, "where the search's data set lies here; default: where it lies there");
  command->add_option("--name", flags->options.name, "in the list of trials")->capture_default_str();
  command
      ->add_option("--lease", flags->options.lease_s,
                   "seconds without a sign of life after which another worker may have the trial")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  command->add_option("--wait", flags->wait_s, "seconds that the search may take to begin")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--patience", flags->options.store.patience_s, "seconds that a store out of reach is waited for")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  cli.run(command, [&cli, command, flags] {
    flags->own_threads = command->count("--threads") > 0;
    return run_worker(cli, *flags);
  });
}

}  // namespace Atoll::cli
