#include "atoll/tensorboard.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "atoll/error.h"
#include "base/file.h"

namespace Atoll::report {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / name;
  fs::remove_all(folder);
  return folder;
}

TEST(EventFile, OpensWithTheVersionInTheFormatsBytes) {
  const EventFile events(fresh_folder("atoll_events_version"), 1.0);
  const std::string file = read_text(events.path());
  // 8 bytes of length, 4 of its CRC, the event, 4 of the event's CRC. The event by hand: field 1 is the double 1.0,
  // field 2 the varint 0, field 3 the text.
  const std::string event = std::string("\x09\0\0\0\0\0\0\xF0\x3F\x10\0\x1A\x0D", 13) + "brain.Event:2";
  ASSERT_EQ(file.size(), 8 + 4 + event.size() + 4);
  EXPECT_EQ(file.substr(0, 8), std::string("\x1A\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(file.substr(12, event.size()), event);
  EXPECT_EQ(events.path().filename().string(), "events.out.tfevents.0000000001.atoll");
}

TEST(EventFile, AFolderThatCannotBeWrittenIsNamed) { EXPECT_THROW(EventFile("/proc/atoll", 0), Error); }

// TensorBoard itself, where a Python with the package tensorboard is at hand, reads back what was written.
TEST(EventFile, TensorBoardReadsIt) {
  const char* python = std::getenv("ATOLL_TENSORBOARD_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "ATOLL_TENSORBOARD_PYTHON names no Python with the package tensorboard";
  const fs::path folder = fresh_folder("atoll_events_read");
  {
    EventFile events(folder, 1000);
    events.scalar("loss", 1, 0.5, 1001);
    events.scalar("loss", 200, 0.25, 1002);
    const std::vector<float> values = {-1, 0, 0, 2, NAN};
    events.histogram("weights", 3, values, 1003);
  }
  write_file(folder / "read.py", std::string_view(R"(
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={})
events.Reload()
loss = [(e.step, e.value, e.wall_time) for e in events.Scalars('loss')]
assert loss == [(1, 0.5, 1001.0), (200, 0.25, 1002.0)], loss
histogram = events.Histograms('weights')[0]
value = histogram.histogram_value
assert histogram.step == 3
assert (value.min, value.max, value.num, value.sum, value.sum_squares) == (-1, 2, 4, 1, 5), value
assert sum(value.bucket) == 4 and len(value.bucket) == len(value.bucket_limit) == 30
assert value.bucket[0] == 1 and value.bucket[10] == 2 and value.bucket[29] == 1, value
)"));
  const std::string command =
      std::string(python) + " '" + (folder / "read.py").string() + "' '" + folder.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace Atoll::report
