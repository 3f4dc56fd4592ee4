// What keeping every trial costs a search, and how many candidates a minute it looks at: with a file, with a
// PostgreSQL server of its own where Debian's package is installed, and with no store; and what an update of the
// controller of reinforcement learning takes. Prints each figure as soon as it is known.
#include <fmt/format.h>
#include <stdio.h>

#include <algorithm>
#include <limits>

#include "atoll/candidate_table.h"
#include "atoll/target.h"
#include "atoll/trial_store.h"
#include "atoll/worker.h"
#include "base/log.h"
#include "base/timer.h"
#include "search/postgres_server.h"
#include "search/store/database.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

constexpr int kTrials = 300, kRepetitions = 3;
constexpr std::int64_t kCandidates = 20000;

double uniform_of(const Genotype& genotype) {
  std::uint64_t hash = 1;
  for (const int choice : genotype) hash = mix(hash, static_cast<std::uint64_t>(choice));
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

// Judgements that take no time, so that what is left is the driver and its store.
Objectives instant_objectives() {
  return {.costs =
              [](const Space&, const Genotype& genotype) {
                return Costs{.latency_ms = 0.5 + uniform_of(genotype), .macs = 1, .params = 1};
              },
          .accuracy = [](const Graph&, std::uint64_t seed,
                         const TrainHooks&) { return static_cast<double>(seed >> 11) * 0x1p-53; },
          .validation_images = 0,
          .obstacles = {}};
}

double search_seconds(const Space& space, const Objectives& objectives, SearchOptions options) {
  const double start = seconds_now();
  search(space, objectives, options);
  return seconds_now() - start;
}

// Milliseconds that one trained trial takes with a search of its own; the least of several runs.
double trial_ms(const Space& space, const std::function<std::string(int)>& place) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRepetitions; ++i)
    best = std::min(
        best,
        search_seconds(
            space, instant_objectives(),
            {.algorithm = "random", .candidates = kTrials, .trained = kTrials, .prerank = false, .store = place(i)}));
  return 1e3 * best / kTrials;
}

// The same for the worker's side: to claim a trial and to bring its result in.
double worker_ms(const std::string& place) {
  const auto store = own_store(place, "benchmark", "", false);
  std::vector<Trial> trials;
  for (int i = 0; i < kTrials; ++i)
    trials.push_back({.number = i, .genotype = Genotype(20, 1), .status = TrialStatus::kWaiting});
  store->add(trials);
  std::vector<double> ms;
  for (int i = 0; i < kTrials; ++i) {
    const double start = seconds_now();
    Trial trial = store->claim({"benchmark", fmt::format("{}", i), 60}).value();
    trial.status = TrialStatus::kDone;
    store->finish(trial);
    ms.push_back(1e3 * (seconds_now() - start));
  }
  return median(ms);
}

double candidates_per_minute(const Space& space, const Objectives& objectives, std::int64_t candidates,
                             const std::string& place) {
  const double seconds = search_seconds(
      space, objectives,
      {.algorithm = "random", .latency_budget_ms = 3.0, .candidates = candidates, .trained = 1, .store = place});
  return 60 * static_cast<double>(candidates) / seconds;
}

// Milliseconds of an update of the controller: what tells it the last reward of a batch.
void print_controller(const Space& space) {
  const PpoOptions options;
  const auto algorithm = make_algorithm("ppo", space, {.seed = 1, .ppo = options});
  Rng rng(2);
  std::vector<double> ms;
  for (int i = 1; i <= 30 * options.batch; ++i) {
    const Genotype genotype = random_genotype(space, rng);
    const double accuracy = uniform_of(genotype), start = seconds_now();
    algorithm->tell(genotype, {.accuracy = accuracy, .latency_ms = 1, .reward = accuracy});
    if (i % options.batch == 0) ms.push_back(1e3 * (seconds_now() - start));
  }
  fmt::print("controller: an update takes {:.1f} ms, the median of {} ({} decisions, batches of {} and {} elites)\n",
             median(ms), ms.size(), space.decisions().size(), options.batch, options.elites);
  std::fflush(stdout);
}

// What no store on this server can do without: a transaction that changes one row.
void print_commit(const std::string& url) {
  const auto database = open_database(url, OpenMode::kCreate, {});
  database->make_room();
  database->write([&] { database->execute("CREATE TABLE one (n BIGINT)"); });
  database->write([&] { database->execute("INSERT INTO one VALUES (0)"); });
  const auto commit_ms = [&](bool waits) {
    std::vector<double> ms;
    for (int i = 0; i < kTrials; ++i) {
      const double start = seconds_now();
      const auto body = [&] { database->later("UPDATE one SET n = n + 1", {}); };
      waits ? database->write(body) : database->write_soon(body);
      ms.push_back(1e3 * (seconds_now() - start));
    }
    return median(ms);
  };
  const double waiting = commit_ms(true);
  fmt::print("a commit of one row takes PostgreSQL {:.3f} ms here, and {:.3f} ms without waiting for the disk\n",
             waiting, commit_ms(false));
}

void run() {
  const auto space = make_space("edgetpu", {.h = 224, .w = 224, .channels = 3, .classes = 1000});
  print_controller(*space);
  CandidateTable costs(*space, open_target("edgetpu-usb3"), true);
  Objectives predicted = instant_objectives();
  predicted.costs = [&](const Space&, const Genotype& genotype) { return costs.costs(genotype); };
  const TemporaryFolder folder;
  const auto file = [&](int i) { return (folder / fmt::format("store{}.db", i)).string(); };

  const double bare = trial_ms(*space, [](int) { return std::string(); });
  fmt::print("{} trials whose judgement takes no time, the least of {} searches; without a store one takes {:.3f} ms\n",
             kTrials, kRepetitions, bare);
  fmt::print("{:<14}{:>20}{:>20}{:>26}{:>28}\n", "store", "ms/trial, search", "ms/trial, worker",
             "candidates/min, driver", "candidates/min, predicted");
  std::fflush(stdout);
  const auto row = [&](const std::string& name, const std::function<std::string(int)>& place, bool store) {
    const auto show = [](int width, const std::string& text) {
      fmt::print("{:>{}}", text, width);
      std::fflush(stdout);
    };
    fmt::print("{:<14}", name);
    show(20, store ? fmt::format("{:.3f}", trial_ms(*space, place) - bare) : "0");
    show(20, store ? fmt::format("{:.3f}", worker_ms(place(90))) : "");
    show(26, fmt::format("{:.0f}", candidates_per_minute(*space, instant_objectives(), kCandidates, place(91))));
    show(28, fmt::format("{:.0f}", candidates_per_minute(*space, predicted, kCandidates, place(92))));
    fmt::print("\n");
  };
  row(
      "none", [](int) { return std::string(); }, false);
  row("SQLite", file, true);
  if (const std::string reason = PostgresServer::missing(); reason.empty()) {
    const PostgresServer server(true);
    print_commit(server.url("commit"));
    row(
        "PostgreSQL", [&](int i) { return server.url(fmt::format("search_{}", i)); }, true);
    // The server answers before its log is on the disk: if it loses its power, half a second of trials is lost.
    row(
        "  not waiting",
        [&](int i) {
          std::string url = server.url(fmt::format("quick_{}", i));
          return url.insert(url.find('#'), "&options=-csynchronous_commit%3Doff");
        },
        true);
  } else {
    fmt::print("PostgreSQL is left out: {}\n", reason);
  }
}

}  // namespace
}  // namespace Atoll

int main() {
  Atoll::set_verbosity(Atoll::Verbosity::kQuiet);
  Atoll::run();
}
