// The contract on a PostgreSQL server, and what is of servers alone: outages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "base/interrupt.h"
#include "base/log.h"
#include "error_of.h"
#include "search/postgres_server.h"
#include "search/store_contract.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresStore : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = PostgresServer::missing(); !reason.empty()) GTEST_SKIP() << reason;
    set_verbosity(Verbosity::kQuiet);
    server_ = std::make_unique<PostgresServer>();
  }
  void TearDown() override { set_verbosity(Verbosity::kNormal); }

  std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresStore, KeepsTheContract) {
  int n = 0;
  for (const StoreCase& one : store_cases()) {
    SCOPED_TRACE(one.name);
    one.run(server_->url(fmt::format("search_{}", n++)));
  }
}

TEST_F(PostgresStore, SaysWhatIsWrongWithAUrl) {
  EXPECT_THAT(error_of([&] { open_store(server_->url("nothing_here")); }), HasSubstr("has no search yet"));
  EXPECT_THAT(error_of([&] { open_store(server_->url("No Name")); }), HasSubstr("is no name for a search"));
  EXPECT_THAT(error_of([&] { open_store(server_->url("x\"; DROP SCHEMA public; --")); }), HasSubstr("is no name"));
  const std::string message =
      error_of([&] { open_store("postgresql://atoll:secret@127.0.0.1:1/postgres?password=hidden&connect_timeout=2"); });
  EXPECT_THAT(message, HasSubstr("cannot reach trial store 'postgresql://atoll@127.0.0.1:1/postgres"));
  EXPECT_THAT(message, Not(HasSubstr("secret")));
  EXPECT_THAT(message, Not(HasSubstr("hidden")));
}

TEST_F(PostgresStore, OutlivesACrashOfItsServer) {
  StoreOptions options;
  options.patience_s = 60;
  const auto store = own_store(server_->url(), "some search", "", false, options);
  store->add({some_trial(0), some_trial(1)});
  server_->crash();
  auto waiting = std::async(std::launch::async, [&] { store->add({some_trial(2)}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  server_->start();  // from this thread: its child dies with the thread
  waiting.get();
  EXPECT_EQ(store->trials().size(), 3u);
  // It owns its store again.
  EXPECT_THAT(error_of([&] { own_store(server_->url(), "some search", "", true); }), HasSubstr("in use by another"));
}

// What a search adds waits for no disk; the result that comes after it does.
TEST_F(PostgresStore, LosesNoResultWithTheTrialsThatACrashLost) {
  StoreOptions options;
  options.patience_s = 60;
  Trial trial = some_trial(0);
  {
    const auto store = own_store(server_->url(), "some search", "", false, options);
    trial.status = TrialStatus::kRunning;
    store->add({some_trial(0), some_trial(1)});
    store->offer(trial);
    server_->crash();
    server_->start();
    ASSERT_EQ(open_store(server_->url())->trials().size(), 0u);  // or nothing is tested here
    trial.status = TrialStatus::kDone;
    EXPECT_TRUE(store->finish(trial));
    server_->crash();
    server_->start();
  }
  const std::vector<Trial> trials = open_store(server_->url())->trials();
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[0].status, TrialStatus::kDone);
  EXPECT_EQ(trials[0].finished, 1);
}

TEST_F(PostgresStore, LosesNoClaimThatACrashLost) {
  StoreOptions options;
  options.patience_s = 60;
  const auto store = own_store(server_->url(), "some search", "", false, options);
  Trial waiting = some_trial(0);
  waiting.status = TrialStatus::kWaiting;
  waiting.worker = "";
  store->add({waiting});
  store->offer(waiting);
  const auto first = open_store(server_->url(), options), second = open_store(server_->url(), options);
  Trial trial = first->claim({"first", "1", 60}).value();
  server_->crash();
  server_->start();
  Trial again = second->claim({"second", "2", 60}).value();
  trial.status = again.status = TrialStatus::kDone;
  EXPECT_TRUE(first->finish(trial));
  EXPECT_FALSE(second->finish(again));
  EXPECT_EQ(store->trials()[0].worker, "first");
}

TEST_F(PostgresStore, GivesUpWhenPatienceEnds) {
  StoreOptions options;
  options.patience_s = 0.5;
  const auto store = own_store(server_->url(), "some search", "", false, options);
  server_->crash();
  EXPECT_THAT(error_of([&] { store->add({some_trial(0)}); }), HasSubstr("could not be reached for"));
}

TEST_F(PostgresStore, LosesItsOwnerWhenAnotherTookOver) {
  StoreOptions options;
  options.answer_s = 1;
  options.patience_s = 60;
  Forwarder forwarder(server_->port());
  const auto cut_off = own_store(server_->url_by(forwarder.port(), "atoll"), "some search", "", false, options);
  forwarder.end();  // its session ends, and with it the lock
  const auto successor = own_store(server_->url(), "some search", "", true);
  Forwarder again(server_->port());
  EXPECT_THAT(error_of([&] { own_store(server_->url_by(again.port(), "atoll"), "some search", "", true); }),
              HasSubstr("in use by another search"));
  successor->add({some_trial(0)});
  EXPECT_EQ(successor->trials().size(), 1u);
}

}  // namespace
}  // namespace Atoll
