#include <fmt/format.h>

#include <algorithm>

#include "atoll/candidate_table.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/proxy.h"
#include "atoll/report.h"
#include "atoll/threads.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/trials.h"

namespace Atoll::cli {
namespace {

struct SearchFlags {
  std::string data, target = "edgetpu-usb3", space = "edgetpu", input, store, output;
  double max_work_mmacs = 0;
  bool no_prerank = false;
  SearchOptions search;
  ProxyOptions proxy;
};

SpaceOptions space_options(const SearchFlags& flags, const Dataset& data) {
  const ZooOptions size = ModelArgument{.model = "", .input = flags.input}.zoo_options();
  const Image first = data.image(0);
  return {.h = size.h > 0 ? size.h : first.h,
          .w = size.w > 0 ? size.w : first.w,
          .channels = first.c,
          .classes = static_cast<int>(data.classes().size())};
}

int run_search(const Cli& cli, SearchFlags flags) {
  const auto data = open_dataset(flags.data, Split::kTrain);
  const auto target = open_target(flags.target);
  const SpaceOptions size = space_options(flags, *data);
  const auto space = make_space(flags.space, size);
  say("{}: {} training images of {} classes; space {} at {}x{}x{}, {} decisions", flags.data, data->size(),
      data->classes().size(), space->name(), size.h, size.w, size.channels, space->decisions().size());

  flags.proxy.seed = cli.common.seed;
  flags.proxy.schedule.threads = cli.common.threads;
  SearchOptions& options = flags.search;
  options.seed = cli.common.seed;
  options.store = flags.store;
  options.max_work = flags.max_work_mmacs * 1e6;
  options.prerank = !flags.no_prerank;
  if (options.candidates == 0) options.candidates = 16 * options.trained;
  options.settings = fmt::format("data {}, target {}, input {}x{}, {}", flags.data, target->name(), size.h, size.w,
                                 settings_text(flags.proxy));

  Progress progress("searching", static_cast<double>(options.trained));
  std::vector<Trial> settled;
  std::int64_t trained = 0;
  double best = 0;
  const auto on_trial = [&](const Trial& trial) {
    settled.push_back(trial);
    if (trial.status == TrialStatus::kFailed) say("trial {} failed: {}", trial.number, trial.error);
    if (trial.status != TrialStatus::kDone && trial.status != TrialStatus::kFailed) return;
    best = std::max(best, trial.scores.accuracy);
    progress.update(static_cast<double>(++trained),
                    fmt::format("{} candidates, {} trained, best {:.2f}%, {} on the front", settled.size(), trained,
                                100 * best, pareto_front(settled).size()));
  };
  Objectives objectives = proxy_objectives(data, target, flags.proxy);
  objectives.estimate = shipped_estimates(*space, target);
  const SearchResult result = search(*space, objectives, options, on_trial);

  const Trial& winner = result.trials[result.best];
  if (!flags.output.empty()) save_model(space->build(winner.genotype), flags.output);
  if (cli.common.json) {
    nlohmann::json json = {{"space", space->name()}, {"target", target->name()}, {"algorithm", options.algorithm}};
    json["best"] = trial_json(winner, *space);
    for (const std::size_t i : result.pareto) json["pareto"].push_back(trial_json(result.trials[i], *space));
    for (const Trial& trial : result.trials) json["trials"].push_back(trial_json(trial, *space));
    print_json(json);
    return kDone;
  }
  report::Table table{{"", "trial", "accuracy", "latency", "MMAC", "parameters", "architecture"}, {}, {}};
  table.right = {false, true, true, true, true, true, false};
  for (const std::size_t i : result.pareto) {
    const Trial& trial = result.trials[i];
    table.rows.push_back({i == result.best ? "best" : "", std::to_string(trial.number),
                          fmt::format("{:.2f}%", 100 * trial.scores.accuracy),
                          fmt::format("{:.3f} ms", trial.scores.latency_ms),
                          fmt::format("{:.2f}", static_cast<double>(trial.macs) / 1e6), std::to_string(trial.params),
                          space->describe(trial.genotype)});
  }
  print(report::text_table(table));
  return kDone;
}

}  // namespace

void add_search(Cli& cli) {
  CLI::App* command =
      cli.command("search", "Searches a space of networks for the most accurate one within a latency budget",
                  "  atoll search --data fashion-mnist --target edgetpu-usb3 --latency-ms 1.0 --trials 12\n"
                  "  atoll search --data imagefolder:photos --input 96x96 --latency-ms 3 --store s.db --resume\n");
  auto flags = std::make_shared<SearchFlags>();
  flags->search.candidates = 0;
  flags->proxy.schedule = {.epochs = 2, .warmup_epochs = 0.3, .loader_threads = 1};
  command->add_option("--data", flags->data, "fashion-mnist or KIND:PATH")->required();
  command->add_option("--target", flags->target, "what will run the network")->capture_default_str();
  command->add_option("--latency-ms", flags->search.latency_budget_ms, "slower candidates are never trained")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--space", flags->space, "one of: " + fmt::format("{}", fmt::join(space_names(), ", ")))
      ->capture_default_str();
  command
      ->add_option("--algorithm", flags->search.algorithm,
                   "one of: " + fmt::format("{}", fmt::join(algorithm_names(), ", ")))
      ->capture_default_str();
  command->add_option("--trials", flags->search.trained, "candidates that are trained")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--candidates", flags->search.candidates, "candidates judged by latency; 0: 16 for each trial")
      ->check(CLI::Range(0, 100000000))
      ->capture_default_str();
  command->add_option("--store", flags->store, "SQLite file that keeps every trial");
  command->add_flag("--resume", flags->search.resume, "go on with the search in --store");
  command->add_option("--input", flags->input, "resolution, N or HxW; default: that of the first image");
  command->add_option("--max-work", flags->max_work_mmacs, "million MACs an image that a training may cost; 0: any")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--population", flags->search.population, "of the algorithm; 0: by --trials")
      ->check(CLI::Range(0, 100000));
  command->add_flag("--no-prerank", flags->no_prerank, "train candidates in the order of asking");
  command->add_option("--epochs", flags->proxy.schedule.epochs, "of a proxy training")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--images", flags->proxy.images, "of a proxy training; 0: all")->capture_default_str();
  command->add_option("--validation", flags->proxy.validation, "images held out to judge by")->capture_default_str();
  command->add_option("--batch", flags->proxy.schedule.batch, "of a proxy training")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--learning-rate", flags->proxy.schedule.learning_rate, "at the peak")->capture_default_str();
  command->add_flag("--flip", flags->proxy.schedule.augmentation.flip, "mirror half of the images");
  command->add_option("--shift", flags->proxy.schedule.augmentation.shift_pixels, "shift images by so many pixels");
  command->add_option("-o,--output", flags->output, "architecture file (.json) for the best network");
  cli.run(command, [&cli, flags] { return run_search(cli, *flags); });
}

}  // namespace Atoll::cli
