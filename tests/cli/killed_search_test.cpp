// `atoll search` is killed without warning at random moments and resumed each time: its result is the one of a search
// that was left alone, bit for bit. ATOLL_KILLS times; the slow suite has more of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "atoll/random.h"
#include "base/timer.h"
#include "case_file.h"
#include "pictures.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

constexpr int kTrials = ATOLL_KILLS > 5 ? 8 : 4;

class KilledSearch : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// All that a search says in the end, but for what tells of the clock and of processes.
std::string result_of(const CommandResult& run) {
  nlohmann::json json = nlohmann::json::parse(run.out);
  const auto strip = [](nlohmann::json& trial) {
    for (const char* field : {"seconds", "worker", "attempts"}) trial.erase(field);
  };
  strip(json["best"]);
  for (const char* list : {"pareto", "trials"})
    for (nlohmann::json& trial : json[list]) strip(trial);
  return json.dump(1);
}

TEST_P(KilledSearch, GoesOnToTheSameResult) {
  const TemporaryFolder folder;
  write_pictures(folder / "pictures", kTrials * 6);
  const auto search = [&](const std::string& before, const std::string& store) {
    return run_command(
        fmt::format("{}{}/atoll search --data imagefolder:pictures --latency-ms 5 --trials {} --candidates 40 "
                    "--epochs 3 --rungs 2 --batch 8 --images 0 --threads 1 --seed 3 --quiet --json "
                    "--store {} --resume {}",
                    before, ATOLL_PROGRAM_FOLDER, kTrials, store, GetParam().second),
        folder.path());
  };
  const double start = seconds_now();
  const CommandResult whole = search("", "whole.db");
  ASSERT_EQ(whole.code, 0) << whole.err;
  const double seconds = seconds_now() - start;

  Rng rng(17);
  constexpr int kSigKill = 137;
  for (int killed = 0, runs = 0; killed < ATOLL_KILLS; ++runs) {
    ASSERT_LT(runs, 20 * ATOLL_KILLS);
    const double moment = rng.uniform(0.02, 0.1 + 0.4 * seconds);
    const CommandResult run = search(fmt::format("timeout -s KILL {:.3f} ", moment), "killed.db");
    killed += run.code == kSigKill;
    if (run.code == kSigKill) continue;
    ASSERT_EQ(run.code, 0) << run.err;  // it has come to its end: another one is begun
    ASSERT_EQ(result_of(run), result_of(whole));
    for (const auto& file : std::filesystem::directory_iterator(folder.path()))
      if (file.path().filename().string().starts_with("killed.db")) std::filesystem::remove(file.path());
  }
  const CommandResult resumed = search("", "killed.db");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(result_of(resumed), result_of(whole));
}

INSTANTIATE_TEST_SUITE_P(
    Algorithms, KilledSearch,
    ::testing::Values(std::pair("evolution", "--algorithm evolution"), std::pair("ppo", "--algorithm ppo"),
                      std::pair("oneshot",
                                "--algorithm oneshot --supernet-epochs 8 --supernet-batch 8 --supernet-batches 1 "
                                "--reward-batches 1 --finalists 10 --finalist-images 0 --supernet-seconds 0.05")),
    [](const auto& test) { return std::string(test.param.first); });

}  // namespace
}  // namespace Atoll
