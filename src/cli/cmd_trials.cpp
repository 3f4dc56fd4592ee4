#include <fmt/format.h>

#include <cmath>

#include "atoll/report.h"
#include "atoll/trial_store.h"
#include "cli/commands.h"
#include "cli/trials.h"

namespace Atoll::cli {
namespace {

bool judged(const Trial& trial) { return trial.status == TrialStatus::kDone || trial.status == TrialStatus::kStopped; }

nlohmann::json rungs_json(const Trial& trial) {
  nlohmann::json rungs = nlohmann::json::array();
  for (const Rung& rung : trial.rungs) {
    nlohmann::json one = {{"epoch", rung.epoch}, {"bar", nullptr}, {"accuracy", nullptr}};
    if (std::isfinite(rung.bar)) one["bar"] = rung.bar;
    if (rung.accuracy >= 0) one["accuracy"] = rung.accuracy;
    rungs.push_back(one);
  }
  return rungs;
}

}  // namespace

nlohmann::json trial_json(const Trial& trial) {
  const nlohmann::json none;
  return {{"number", trial.number},
          {"status", name_of(trial.status)},
          {"accuracy", judged(trial) ? nlohmann::json(trial.scores.accuracy) : none},
          {"latency_ms", std::isfinite(trial.scores.latency_ms) ? nlohmann::json(trial.scores.latency_ms) : none},
          {"reward", judged(trial) ? nlohmann::json(trial.scores.reward) : none},
          {"size_bytes", trial.scores.size_bytes},
          {"memory_bytes", trial.scores.memory_bytes},
          {"offchip_bytes", trial.scores.offchip_bytes},
          {"macs", trial.macs},
          {"params", trial.params},
          {"seconds", trial.seconds},
          {"seed", trial.seed},
          {"genotype", trial.genotype},
          {"rungs", rungs_json(trial)},
          {"error", trial.error},
          {"worker", trial.worker},
          {"finished", trial.finished},
          {"attempts", trial.attempts}};
}

nlohmann::json trial_json(const Trial& trial, const Space& space) {
  nlohmann::json json = trial_json(trial);
  json["architecture"] = space.describe(trial.genotype);
  return json;
}

std::string rungs_text(const Trial& trial) {
  std::string text;
  for (const Rung& rung : trial.rungs) {
    text += fmt::format("{}{}: ", text.empty() ? "" : ", ", rung.epoch);
    text += rung.accuracy >= 0 ? fmt::format("{:.2f}%", 100 * rung.accuracy) : "-";
    if (std::isfinite(rung.bar)) text += fmt::format(" (bar {:.2f}%)", 100 * rung.bar);
  }
  return text;
}

namespace {

int list_trials(const Cli& cli, const std::string& path, bool csv) {
  const auto store = open_store(path);
  const std::vector<Trial> trials = store->trials();
  const std::vector<std::size_t> front = pareto_front(trials);
  if (cli.common.json) {
    nlohmann::json json = {{"settings", store->settings()}, {"over", store->over()}};
    json["pareto"] = nlohmann::json::array();
    for (const std::size_t i : front) json["pareto"].push_back(trials[i].number);
    json["trials"] = nlohmann::json::array();
    for (const Trial& trial : trials) json["trials"].push_back(trial_json(trial));
    print_json(json);
    return kDone;
  }
  report::Table table{
      {"trial", "status", "accuracy", "latency_ms", "size_bytes", "memory_bytes", "offchip_bytes", "macs", "params",
       "seconds", "worker", "attempts", "finished", "seed", "genotype", "rungs", "error"},
      {},
      {true, false, true, true, true, true, true, true, true, true, false, true, true, true, false, false, false}};
  const auto number = [&](double value, int digits) {
    return csv ? fmt::format("{}", value) : fmt::format("{:.{}f}", value, digits);
  };
  for (const Trial& trial : trials) {
    const Scores& scores = trial.scores;
    table.rows.push_back({std::to_string(trial.number), std::string(name_of(trial.status)),
                          judged(trial) ? number(scores.accuracy, 4) : "", number(scores.latency_ms, 4),
                          std::to_string(scores.size_bytes), std::to_string(scores.memory_bytes),
                          std::to_string(scores.offchip_bytes), std::to_string(trial.macs),
                          std::to_string(trial.params), number(trial.seconds, 1), trial.worker,
                          std::to_string(trial.attempts), std::to_string(trial.finished), std::to_string(trial.seed),
                          fmt::format("{}", fmt::join(trial.genotype, " ")), rungs_text(trial), trial.error});
  }
  print(csv ? report::csv(table) : report::text_table(table));
  return kDone;
}

}  // namespace

void add_trials(Cli& cli) {
  CLI::App* command = cli.command("trials", "Lists the trials of a search",
                                  "  atoll trials search.db\n"
                                  "  atoll trials search.db --csv > trials.csv\n"
                                  "  atoll trials postgresql://host/db\n");
  auto path = std::make_shared<std::string>();
  auto csv = std::make_shared<bool>(false);
  command->add_option("store", *path, "trial store of a search, running or not: file or postgresql:// URL")->required();
  command->add_flag("--csv", *csv, "every column, with all digits, as CSV on stdout");
  cli.run(command, [&cli, path, csv] { return list_trials(cli, *path, *csv); });
}

}  // namespace Atoll::cli
