// The contract on SQLite, and what is of files alone: damage, foreign files, older versions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <thread>

#include "error_of.h"
#include "search/store_contract.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

class SqliteContract : public testing::TestWithParam<StoreCase> {};

TEST_P(SqliteContract, IsKept) {
  const TemporaryFolder folder;
  GetParam().run((folder / "store.db").string());
}

INSTANTIATE_TEST_SUITE_P(SqliteStore, SqliteContract, testing::ValuesIn(store_cases()),
                         [](const auto& one) { return std::string(one.param.name); });

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

TEST(SqliteStore, RefusesFilesThatAreNone) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { open_store((folder / "absent.db").string()); }), HasSubstr("does not exist"));
  const std::string nowhere = (folder.path() / "no" / "folder.db").string();
  EXPECT_THAT(error_of([&] { own_store(nowhere, "", "", false); }), HasSubstr("unable to open"));
  EXPECT_THAT(error_of([&] { open_store("mysql://here/db"); }), HasSubstr("neither a file nor a postgresql:// URL"));

  const std::string text = (folder / "text.db").string();
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_THAT(error_of([&] { open_store(text); }), HasSubstr("is no SQLite file"));
  EXPECT_THAT(error_of([&] { own_store(text, "", "", false); }), HasSubstr("is no SQLite file"));

  const std::string foreign = (folder / "foreign.db").string();
  run_sql(foreign, "CREATE TABLE songs (title TEXT)");
  EXPECT_THAT(error_of([&] { open_store(foreign); }), HasSubstr("other tables"));
  EXPECT_THAT(error_of([&] { own_store(foreign, "", "", false); }), HasSubstr("other tables"));
}

TEST(SqliteStore, RefusesVersionsItCannotBringUpToDate) {
  const TemporaryFolder folder;
  const std::string path = (folder / "store.db").string();
  own_store(path, "some search", "", false);
  run_sql(path, "UPDATE search SET version = 99");
  EXPECT_THAT(error_of([&] { open_store(path); }), HasSubstr("has version 99"));
  EXPECT_THAT(error_of([&] { open_store(path); }), HasSubstr("a newer atoll wrote it"));
  run_sql(path, "UPDATE search SET version = 1");
  EXPECT_THAT(error_of([&] { open_store(path); }), HasSubstr("has version 1"));
}

// The tables as version 2 made them, with a done, a failed, a running and a filtered trial.
constexpr const char* kVersion2 = R"(
  CREATE TABLE search (version INTEGER NOT NULL, settings TEXT NOT NULL);
  CREATE TABLE trials (
    number INTEGER PRIMARY KEY, genotype TEXT NOT NULL, seed INTEGER NOT NULL, status INTEGER NOT NULL,
    accuracy REAL NOT NULL, latency_ms REAL NOT NULL, reward REAL NOT NULL, feasible INTEGER NOT NULL,
    macs INTEGER NOT NULL, params INTEGER NOT NULL, work REAL NOT NULL,
    seconds REAL NOT NULL, error TEXT NOT NULL, worker TEXT NOT NULL);
  INSERT INTO search VALUES (2, 'old search');
  INSERT INTO trials VALUES (0, '1,2', 7, 1, 0.5, 1.5, 0.5, 1, 10, 20, 30.0, 4.0, '', '');
  INSERT INTO trials VALUES (1, '1,0', 8, 2, 0.0, 1.5, 0.0, 1, 10, 20, 30.0, 4.0, 'diverged', '');
  INSERT INTO trials VALUES (2, '0,0', 9, 0, 0.0, 1.5, 0.0, 1, 10, 20, 30.0, 0.0, '', '');
  INSERT INTO trials VALUES (3, '0,1', 9, 3, 0.0, 9e999, 0.0, 0, 10, 20, 30.0, 0.0, '', '');
)";

TEST(SqliteStore, BringsAnOlderVersionUpToDate) {
  const TemporaryFolder folder;
  const std::string path = (folder / "store.db").string();
  run_sql(path, kVersion2);
  {
    const auto reader = open_store(path);
    EXPECT_EQ(reader->settings(), "old search");
    const std::vector<Trial> trials = reader->trials();
    ASSERT_EQ(trials.size(), 4u);
    EXPECT_EQ(trials[0].genotype, (Genotype{1, 2}));
    EXPECT_EQ(trials[0].scores.accuracy, 0.5);
    EXPECT_GT(trials[0].finished, 0);
    EXPECT_GT(trials[1].finished, 0);
    EXPECT_EQ(trials[1].error, "diverged");
    EXPECT_EQ(trials[2].finished, 0);
    EXPECT_EQ(trials[3].finished, 0);
    EXPECT_EQ(trials[3].scores.latency_ms, std::numeric_limits<double>::infinity());
  }
  const auto store = own_store(path, "old search", "", true);
  const auto trial = store->claim({"w", "token", 60});  // the one that was running when the old program ended
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->number, 2);
  EXPECT_TRUE(store->finish(*trial));
  EXPECT_EQ(store->finished({0, 1, 2}).back().number, 2);
}

TEST(SqliteStore, MeetsTruncatedAndScribbledFilesWithAnError) {
  const TemporaryFolder folder;
  const std::string path = (folder / "store.db").string();
  {
    const auto store = own_store(path, "some search", "", false);
    for (int i = 0; i < 200; ++i) store->add({some_trial(i)});
  }
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  ASSERT_GT(bytes.size(), 8192u);
  Rng rng(11);
  int refused = 0;
  for (int attempt = 0; attempt < 60; ++attempt) {
    std::string bad = bytes;
    if (attempt % 2 == 0)
      bad.resize(static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(bytes.size() - 1)) + 1));
    for (int i = 0; i < 200 && attempt % 2; ++i)
      bad[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(bad.size())))] =
          static_cast<char>(rng.below(256));
    const std::string broken = (folder / fmt::format("broken{}.db", attempt)).string();
    std::ofstream(broken, std::ios::binary) << bad;
    try {
      open_store(broken)->trials();  // damage in unused bytes may go unnoticed
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GE(refused, 45);
}

TEST(SqliteStore, CanBeReadWhileASearchWrites) {
  const TemporaryFolder folder;
  const std::string path = (folder / "store.db").string();
  const auto store = own_store(path, "some search", "", false);
  std::jthread writer([&] {
    for (int i = 0; i < 100; ++i) store->add({some_trial(i)});
  });
  const auto reader = open_store(path);
  std::size_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const std::size_t now = reader->trials().size();
    EXPECT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(reader->trials().size(), 100u);
}

}  // namespace
}  // namespace Atoll
