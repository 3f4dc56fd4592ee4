#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "atoll/worker.h"
#include "error_of.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

SearchTask some_task() {
  SearchTask task{.data = "imagefolder:/data/photos", .target = "edgetpu-usb3", .space = "mine.json"};
  task.size = {.h = 96, .w = 64, .channels = 1, .classes = 7, .table = "{\"stem\": 1}"};
  task.images = 12345;
  task.classes_hash = 0xfedcba9876543210ull;
  task.proxy = {.images = 100, .validation = 50, .schedule = {}, .seed = 0xffffffffffffffffull, .h = 48, .w = 32};
  task.proxy.schedule.epochs = 3;
  task.proxy.schedule.learning_rate = 0.1 + 0.2;
  task.proxy.schedule.optimizer = Optimizer::kRmsProp;
  task.proxy.schedule.augmentation = {.flip = true, .shift_pixels = 2, .mixup_alpha = 0.25};
  return task;
}

TEST(SearchTask, GoesThroughTheStoreUnchanged) {
  const SearchTask task = some_task();
  const SearchTask read = read_task(to_json(task), "s.db");
  EXPECT_EQ(to_json(read), to_json(task));
  EXPECT_EQ(read.data, task.data);
  EXPECT_EQ(read.size.table, task.size.table);
  EXPECT_EQ(read.size.w, 64);
  EXPECT_EQ(read.classes_hash, task.classes_hash);
  EXPECT_EQ(read.proxy.seed, task.proxy.seed);
  EXPECT_EQ(read.proxy.h, 48);
  EXPECT_EQ(read.proxy.schedule.learning_rate, 0.1 + 0.2);
  EXPECT_EQ(read.proxy.schedule.optimizer, Optimizer::kRmsProp);
  EXPECT_EQ(read.proxy.schedule.augmentation, task.proxy.schedule.augmentation);
}

TEST(SearchTask, NamesWhatIsWrong) {
  EXPECT_THAT(error_of([] { read_task("", "s.db"); }), HasSubstr("says nothing to workers"));
  EXPECT_THAT(error_of([] { read_task("{", "s.db"); }), HasSubstr("'s.db' is not JSON"));
  const auto changed = [](const char* field, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(to_json(some_task()));
    json[field] = value;
    return error_of([&] { read_task(json.dump(), "s.db"); });
  };
  EXPECT_THAT(changed("version", 2), HasSubstr("has version 2"));
  EXPECT_THAT(changed("epochs", "many"), HasSubstr("\"epochs\""));
  EXPECT_THAT(changed("epochs", 0), HasSubstr("cannot be carried out"));
  EXPECT_THAT(changed("data", 5), HasSubstr("\"data\""));
  EXPECT_THAT(changed("colour", 5), HasSubstr("colour"));
  nlohmann::json json = nlohmann::json::parse(to_json(some_task()));
  json.erase("batch");
  EXPECT_THAT(error_of([&] { read_task(json.dump(), "s.db"); }), HasSubstr("batch"));
}

class FewPictures : public Dataset {
 public:
  explicit FewPictures(std::vector<std::string> classes) : classes_(std::move(classes)) {}
  std::int64_t size() const override { return 12; }
  int label(std::int64_t index) const override { return static_cast<int>(index % 2); }
  Image image(std::int64_t) const override { return {1, 1, 1, {0}}; }
  std::string name(std::int64_t) const override { return "picture"; }
  const std::vector<std::string>& classes() const override { return classes_; }

 private:
  std::vector<std::string> classes_;
};

TEST(SearchTask, KnowsItsDataAgain) {
  SearchTask task = some_task();
  note_data(task, FewPictures({"cat", "dog"}));
  EXPECT_EQ(error_of([&] { require_data(task, FewPictures({"cat", "dog"})); }), "no error");
  EXPECT_THAT(error_of([&] { require_data(task, FewPictures({"cat", "cow"})); }), HasSubstr("other classes"));
  task.images = 13;
  EXPECT_THAT(error_of([&] { require_data(task, FewPictures({"cat", "dog"})); }), HasSubstr("12 training images here"));
}

TEST(SearchTask, SaysWhereDataLiesFromAnyFolder) {
  EXPECT_EQ(absolute_reference("fashion-mnist"), "fashion-mnist");
  EXPECT_EQ(absolute_reference("imagefolder:/a/b"), "imagefolder:/a/b");
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(absolute_reference("cifar10:photos"), "cifar10:" + here + "/photos");
  EXPECT_EQ(absolute_reference("csv:a.csv,/b.csv"), "csv:" + here + "/a.csv,/b.csv");
  EXPECT_EQ(absolute_reference("imagefolder:a,b"), "imagefolder:" + here + "/a,b");
}

}  // namespace
}  // namespace Atoll
