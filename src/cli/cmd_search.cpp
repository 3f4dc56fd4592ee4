#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "atoll/model.h"
#include "atoll/report.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/search_flags.h"
#include "cli/trials.h"

namespace Atoll::cli {
namespace {

// Tells a person how the search goes: each trial that fails, each network that joins the front, and in one line how
// far it is, the best so far, the front and the time left.
class SearchProgress {
 public:
  SearchProgress(const Space& space, const SearchOptions& options) : space_(space), options_(options) {}

  void note(const Trial& trial) {
    // Not before the first candidate: a supernet's training is none of the time that trials take.
    if (!progress_) progress_.emplace("searching", static_cast<double>(options_.trained));
    ++candidates_;
    unmapped_ += std::isinf(trial.scores.latency_ms);
    if (trial.status == TrialStatus::kFailed) say("trial {} failed: {}", trial.number, trial.error);
    if (trial.finished == 0 && !trained(trial)) return;
    ++trained_;
    stopped_ += trial.status == TrialStatus::kStopped;
    if (trial.status == TrialStatus::kDone) join(trial);
    progress_->update(
        static_cast<double>(trained_),
        fmt::format("{} candidates, {} trained{}, best {:.2f}%, {} on the front", candidates_, trained_,
                    stopped_ > 0 ? fmt::format(" ({} stopped early)", stopped_) : "", 100 * best_, front_.size()));
  }

  void tell_unmapped(const Objectives& objectives, const SearchResult& result) const {
    if (unmapped_ == 0) return;
    const auto first = std::find_if(result.trials.begin(), result.trials.end(),
                                    [](const Trial& trial) { return std::isinf(trial.scores.latency_ms); });
    say("{} of {} candidates do not map; trial {}: {}", unmapped_, result.trials.size(), first->number,
        unmapped_reason(space_, objectives, first->genotype));
  }

 private:
  static bool trained(const Trial& trial) {
    return trial.status == TrialStatus::kDone || trial.status == TrialStatus::kStopped ||
           (trial.status == TrialStatus::kFailed && trial.scores.latency_ms > 0);
  }

  void join(const Trial& trial) {
    best_ = std::max(best_, trial.scores.accuracy);
    front_.push_back(trial);
    std::vector<Trial> front;
    for (const std::size_t i : pareto_front(front_, options_.objectives)) front.push_back(front_[i]);
    front_ = std::move(front);
    const auto same = [&](const Trial& other) { return other.number == trial.number; };
    if (std::any_of(front_.begin(), front_.end(), same))
      say("trial {} joins the front: {:.2f}% at {:.3f} ms, {}", trial.number, 100 * trial.scores.accuracy,
          trial.scores.latency_ms, space_.describe(trial.genotype));
  }

  const Space& space_;
  const SearchOptions& options_;
  std::optional<Progress> progress_;
  std::vector<Trial> front_;
  std::int64_t candidates_ = 0, trained_ = 0, stopped_ = 0, unmapped_ = 0;
  double best_ = 0;
};

void print_result(const SearchResult& result, const Space& space) {
  report::Table table{{"", "trial", "accuracy", "latency", "size", "MMAC", "parameters", "architecture"}, {}, {}};
  table.right = {false, true, true, true, true, true, true, false};
  for (const std::size_t i : result.pareto) {
    const Trial& trial = result.trials[i];
    table.rows.push_back({i == result.best ? "best" : "", std::to_string(trial.number),
                          fmt::format("{:.2f}%", 100 * trial.scores.accuracy),
                          fmt::format("{:.3f} ms", trial.scores.latency_ms),
                          bytes_text(static_cast<double>(trial.scores.size_bytes)),
                          fmt::format("{:.2f}", static_cast<double>(trial.macs) / 1e6), std::to_string(trial.params),
                          space.describe(trial.genotype)});
  }
  print(report::text_table(table));
}

int run_search(const Cli& cli, const SearchFlags& flags) {
  const PreparedSearch p = prepare(cli, flags);
  const Space& space = *p.space;
  const SpaceOptions& size = p.task.size;
  say("{}: {} training images of {} classes; space {} at {}x{}x{}, {} decisions", flags.data, p.data->size(),
      p.data->classes().size(), space.name(), size.h, size.w, size.channels, space.decisions().size());
  const Objectives objectives = proxy_objectives(p.data, p.target, p.task.proxy);
  SearchResult result;
  {
    SearchProgress progress(space, p.options);
    result = search(space, objectives, p.options, [&](const Trial& trial) { progress.note(trial); });
    progress.tell_unmapped(objectives, result);
  }

  const Trial& winner = result.trials[result.best];
  if (!flags.output.empty()) save_model(space.build(winner.genotype), flags.output);
  if (!cli.common.json) {
    print_result(result, space);
    return kDone;
  }
  nlohmann::json json = {{"space", space.name()}, {"target", p.target->name()}, {"algorithm", p.options.algorithm}};
  json["best"] = trial_json(winner, space);
  for (const std::size_t i : result.pareto) json["pareto"].push_back(trial_json(result.trials[i], space));
  for (const Trial& trial : result.trials) json["trials"].push_back(trial_json(trial, space));
  print_json(json);
  return kDone;
}

}  // namespace

void add_search(Cli& cli) {
  CLI::App* command =
      cli.command("search", "Searches a space of networks for the most accurate one within a latency budget",
                  "  atoll search --data fashion-mnist --target edgetpu-usb3 --latency-ms 1.0 --trials 12\n"
                  "  atoll search --data imagefolder:photos --input 96x96 --latency-ms 3 --store s.db --resume\n"
                  "  atoll search --data cifar10:cifar --latency-ms 1 --epochs 8 --rungs 2,4 --trials 40\n"
                  "  atoll search --data fashion-mnist --latency-ms 1 --store postgresql://host/db --workers 4\n");
  auto flags = std::make_shared<SearchFlags>();
  declare(command, *flags);
  cli.run(command, [&cli, flags] { return run_search(cli, *flags); });
}

}  // namespace Atoll::cli
