#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"

namespace Atoll {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// What update() wrote. A terminal would be drawn on, but the captured stream is none.
template <typename Body>
std::string written(const Body& body) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, WritesALineATenth) {
  const std::string text = written([] {
    Progress progress("training", 40);
    for (int i = 1; i <= 40; ++i) progress.update(i, "loss 1");
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_THAT(text, HasSubstr("training   30%  loss 1  left "));
  EXPECT_THAT(text, EndsWith("training  100%  loss 1  left 0:00\n"));
}

// A run that is resumed tells at once of what is done; that says nothing of how long the rest takes.
TEST(Progress, KnowsNothingOfTheRestFromWhatWasDoneBefore) {
  const std::string text = written([] {
    Progress progress("searching", 10);
    progress.update(5);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    progress.update(6);
  });
  EXPECT_THAT(text, HasSubstr("50%  left ?\n"));
  // A tenth in 0.7 s, so that 2.8 s are left; from the whole six tenths it would be half a second.
  EXPECT_THAT(text, HasSubstr("60%  left 0:0"));
  EXPECT_THAT(text, ::testing::Not(EndsWith("left 0:00\n")));
}

}  // namespace
}  // namespace Atoll
