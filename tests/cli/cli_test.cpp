// Drives the program itself: the cases of tests/cli/*.cases, and what holds for every command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/file.h"
#include "case_file.h"
#include "pictures.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::vector<std::string> commands_of(const std::string& help) {
  std::vector<std::string> commands;
  std::istringstream lines(help.substr(std::min(help.size(), help.find("Subcommands:"))));
  const std::regex pattern("  ([a-z]+) .*");
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, match, pattern)) commands.push_back(match[1]);
  return commands;
}

class CaseTest : public testing::Test {
 public:
  explicit CaseTest(CliCase test) : test_(std::move(test)) {}

  void TestBody() override {
    const TemporaryFolder scratch;
    if (!test_.needs.empty()) {
      const std::string help = run_command("atoll --help", scratch.path()).out;
      if (help.find("\n  " + test_.needs + " ") == std::string::npos)
        GTEST_SKIP() << "the program has no command " << test_.needs;
    }
    write_pictures(scratch.path() / "pictures");
    for (const CliStep& step : test_.steps) {
      const CommandResult result = run_command("PICTURES=imagefolder:pictures\n" + step.command, scratch.path());
      for (const std::string& expectation : step.expectations) {
        const std::string wrong = check_expectation(expectation, result, scratch.path());
        ASSERT_EQ(wrong, "") << "line " << step.line << ": $ " << step.command << "\nexit code " << result.code
                             << "\n--- stdout\n"
                             << result.out.substr(0, 4000) << "\n--- stderr\n"
                             << result.err.substr(0, 4000);
      }
    }
  }

 private:
  CliCase test_;
};

TEST(Cli, EveryCommandOfTheDesignIsThereAndExplainsItselfWithExamples) {
  const TemporaryFolder scratch;
  const std::vector<std::string> commands = commands_of(run_command("atoll --help", scratch.path()).out);
  for (const char* expected : {ATOLL_EXPECTED_COMMANDS}) EXPECT_THAT(commands, testing::Contains(expected));
  for (const std::string& command : commands) {
    const CommandResult help = run_command("atoll " + command + " --help", scratch.path());
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  atoll " + command)) << command;
    for (const char* flag : {"--json", "--seed", "--threads", "--quiet"})
      EXPECT_THAT(help.out, HasSubstr(flag)) << command;
  }
}

TEST(Cli, EveryCommandAnswersAnUnknownFlagWithAUsageError) {
  const TemporaryFolder scratch;
  for (const std::string& command : commands_of(run_command("atoll --help", scratch.path()).out)) {
    const CommandResult result = run_command("atoll " + command + " --no-such-flag", scratch.path());
    EXPECT_EQ(result.code, 1) << command;
    EXPECT_EQ(result.out, "") << command;
    EXPECT_THAT(result.err, HasSubstr("atoll: error: ")) << command;
  }
}

std::string test_name(const std::string& sentence) {
  std::string name;
  bool upper = true;
  for (const char c : sentence) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = std::isalnum(static_cast<unsigned char>(c)) == 0;
  }
  return name;
}

void register_cases(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cases") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files)
    for (const CliCase& test : read_cases(file))
      testing::RegisterTest(("Cli_" + file.stem().string()).c_str(), test_name(test.name).c_str(), nullptr, nullptr,
                            file.c_str(), 1, [test]() -> testing::Test* { return new CaseTest(test); });
}

}  // namespace
}  // namespace Atoll

int main(int argc, char** argv) {
  const std::string path = std::string(ATOLL_PROGRAM_FOLDER) + ":" + std::getenv("PATH");
  ::setenv("PATH", path.c_str(), 1);
  testing::InitGoogleTest(&argc, argv);
  Atoll::register_cases(std::string(ATOLL_SOURCE_DIR) + "/tests/cli");
  return RUN_ALL_TESTS();
}
