// Reads the tree and src/CMakeLists.txt as text: dependencies point downward, files stay short, and no file
// says what it should not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

const fs::path kRoot = ATOLL_SOURCE_DIR;

// The room to which each public header belongs.
const std::map<std::string, std::string> kHeaderRooms = {
    {"error", "base"},
    {"random", "base"},
    {"threads", "base"},
    {"report", "report"},
    {"model_card", "report"},
    {"tensorboard", "report"},
    {"tensor", "graph"},
    {"op", "graph"},
    {"graph", "graph"},
    {"builder", "graph"},
    {"zoo", "zoo"},
    {"model", "format"},
    {"pytorch", "format"},
    {"tensorflow", "format"},
    {"weights", "format"},
    {"data", "data"},
    {"runtime", "runtime"},
    {"train", "train"},
    {"compress", "compress"},
    {"target", "target"},
    {"search", "search"},
    {"proxy", "search"},
    {"scale", "scale"},
    {"fit", "fit"},
    {"calibrate", "target"},
    {"pipeline", "target"},
    {"prune", "prune"},
    {"qat", "qat"},
    {"worker", "search"},
    {"trial_store", "search"},
    {"candidate_table", "search"},
    {"oneshot", "search"},
    {"fix", "target"},
    {"compiled", "format"},
    {"pull", "format"},
};

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct SourceFile {
  std::string path;  // from the root
  std::string text;
};

std::vector<SourceFile> source_files(const std::vector<std::string>& folders) {
  static const std::set<std::string> kText = {".h",   ".cpp", ".cmake", ".in", ".md", ".txt",
                                              ".css", ".js",  ".fbs",   ".py", ".sh", ""};
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!entry.is_regular_file() || !kText.contains(entry.path().extension().string())) continue;
      files.push_back({fs::relative(entry.path(), kRoot).string(), read(entry.path())});
    }
  }
  return files;
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

// src/CMakeLists.txt: each room's floor, and what it may use, directly and through others.
struct House {
  std::map<std::string, int> floor;
  std::map<std::string, std::set<std::string>> uses;

  House() {
    std::istringstream lines(read(kRoot / "src/CMakeLists.txt"));
    const std::regex floor_line("# Floor ([0-9]).*"), room_line("atoll_room\\(([a-z]+)(.*)");
    std::string line;
    std::smatch match;
    int current = -1;
    while (std::getline(lines, line)) {
      if (std::regex_match(line, match, floor_line)) current = std::stoi(match[1]);
      if (!std::regex_match(line, match, room_line)) continue;
      const std::string room = match[1];
      floor[room] = current;
      std::istringstream words(std::regex_replace(match[2].str(), std::regex("\\)"), " "));
      bool rooms = false;
      for (std::string word; words >> word;) {
        if (word == "ROOMS" || word == "LIBRARIES")
          rooms = word == "ROOMS";
        else if (rooms)
          uses[room].insert(word);
      }
      uses[room].insert(room);
    }
    for (bool grown = true; grown;) {
      grown = false;
      for (auto& [room, used] : uses)
        for (const std::string& other : std::set<std::string>(used))
          for (const std::string& third : uses[other]) grown |= used.insert(third).second;
    }
    for (const auto& [room, on] : floor) floor_of_cli = std::max(floor_of_cli, on + 1);
  }

  bool may_use(const std::string& room, const std::string& other) const {
    if (room == "cli") return true;
    const auto found = uses.find(room);
    return found != uses.end() && found->second.contains(other);
  }

  int floor_of_cli = 0;
};

TEST(House, RoomsUseOnlyWhatIsBelowOrBesideThem) {
  const House house;
  ASSERT_GE(house.floor.size(), 10u) << "src/CMakeLists.txt was not understood";
  for (const auto& [room, used] : house.uses)
    for (const std::string& other : used) {
      ASSERT_TRUE(house.floor.contains(other)) << room << " uses the room '" << other << "', which there is not";
      EXPECT_LE(house.floor.at(other), house.floor.at(room)) << room << " uses " << other << ", which is above it";
    }
}

TEST(House, EveryIncludePointsToARoomThatMayBeUsed) {
  const House house;
  const std::regex own("#include \"([a-z_]+)/[^\"]*\""), open("#include \"atoll/([a-z_0-9]+)\\.h\"");
  std::vector<std::string> wrong;
  for (const SourceFile& file : source_files({"src"})) {
    const std::string room = file.path.substr(4, file.path.find('/', 4) - 4);
    for (const std::string& other : matches(file.text, own))
      if (other != "atoll" && (house.floor.contains(other) || other == "cli") && !house.may_use(room, other))
        wrong.push_back(file.path + " includes a header of " + other);
    for (const std::string& header : matches(file.text, open)) {
      const auto owner = kHeaderRooms.find(header);
      if (owner == kHeaderRooms.end())
        wrong.push_back(file.path + " includes atoll/" + header + ".h, of which no room is known");
      else if (!house.may_use(room, owner->second))
        wrong.push_back(file.path + " includes atoll/" + header + ".h, which is of " + owner->second);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(House, PublicHeadersSeeOnlyPublicHeaders) {
  const House house;
  const std::regex include("#include \"([^\"]*)\""), open("#include \"atoll/([a-z_0-9]+)\\.h\"");
  std::vector<std::string> wrong;
  for (const SourceFile& file : source_files({"include"})) {
    const auto room = kHeaderRooms.find(fs::path(file.path).stem().string());
    if (room == kHeaderRooms.end()) {
      wrong.push_back(file.path + " belongs to no known room");
      continue;
    }
    for (const std::string& header : matches(file.text, include))
      if (!header.starts_with("atoll/")) wrong.push_back(file.path + " includes " + header);
    for (const std::string& header : matches(file.text, open)) {
      const auto other = kHeaderRooms.find(header);
      if (other == kHeaderRooms.end() || !house.may_use(room->second, other->second))
        wrong.push_back(file.path + " includes atoll/" + header + ".h");
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Files, HoldOneConceptAndAtMostSixHundredLines) {
  std::vector<std::string> wrong;
  for (const SourceFile& file :
       source_files({"src", "include", "tests", "benchmarks", "examples", "cmake", "scripts"})) {
    if (file.path.ends_with(".txt") && !file.path.ends_with("CMakeLists.txt")) continue;  // data
    const auto lines = std::count(file.text.begin(), file.text.end(), '\n');
    if (lines > 600) wrong.push_back(file.path + " has " + std::to_string(lines) + " lines");
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Files, NoFolderIsADrawerForOddsAndEnds) {
  std::vector<std::string> wrong;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src"))
    for (const char* name : {"utils", "util", "common", "misc", "helpers"})
      if (entry.path().stem() == name) wrong.push_back(fs::relative(entry.path(), kRoot).string());
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Files, HeadersOpenWithWhatTheThingIs) {
  std::vector<std::string> wrong;
  for (const SourceFile& file : source_files({"src", "include"}))
    if (file.path.ends_with(".h") && !file.text.starts_with("// ")) wrong.push_back(file.path);
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Files, SayNothingThatOnlyOneMachineOrOneDayUnderstands) {
  // Put together from halves, so that this file may say them.
  const std::vector<std::string> words = {std::string("TO") + "DO",   std::string("FIX") + "ME",
                                          std::string("XX") + "X:",   std::string("/wo") + "rk/",
                                          std::string("/ro") + "ot/", std::string("/tmp/b") + "uild"};
  std::vector<std::string> wrong;
  for (const SourceFile& file :
       source_files({"src", "include", "tests", "benchmarks", "examples", "cmake", "scripts", "docs"}))
    for (const std::string& word : words)
      if (file.text.find(word) != std::string::npos) wrong.push_back(file.path + " says " + word);
  EXPECT_THAT(wrong, IsEmpty());
}

}  // namespace
