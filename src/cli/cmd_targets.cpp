#include <fmt/format.h>

#include "atoll/report.h"
#include "atoll/target.h"
#include "cli/commands.h"

namespace Atoll::cli {

void add_targets(Cli& cli) {
  CLI::App* command = cli.command("targets", "Lists the targets that networks can be checked and predicted for",
                                  "  atoll targets\n"
                                  "  atoll targets --json\n");
  cli.run(command, [&cli] {
    nlohmann::json list = nlohmann::json::array();
    report::Table table{{"target", "what it is"}, {}, {}};
    for (const std::string& name : target_names()) {
      const std::string description = open_target(name)->description();
      list.push_back({{"name", name}, {"description", description}});
      table.rows.push_back({name, description});
    }
    if (cli.common.json)
      print_json({{"targets", list}});
    else
      print(report::text_table(table) + "\nA target file of your own (atoll calibrate) is named by its path (.json).\n");
    return kDone;
  });
}

}  // namespace Atoll::cli
