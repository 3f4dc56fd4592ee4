// The flags of `atoll search`, and what they say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "atoll/data.h"
#include "atoll/worker.h"
#include "cli/cli.h"

namespace Atoll::cli {

struct SearchFlags {
  std::string data, target = "edgetpu-usb3", space = "edgetpu", input, proxy_input, output;
  double max_work_mmacs = 0, max_size_mib = -1, max_memory_mib = -1, max_offchip_mib = -1;
  double images = 10000;  // below 1: a share
  std::vector<std::string> pareto = {"accuracy", "latency"};
  bool no_prerank = false;
  std::string reward = "hard";
  std::vector<double> exponents;  // of the reward; empty: its own
  SearchOptions search;
  ProxyOptions proxy;
};

void declare(CLI::App* command, SearchFlags& flags);

// Everything a search needs, from its flags; throws Error for what does not go together.
struct PreparedSearch {
  std::shared_ptr<const Dataset> data;
  std::shared_ptr<const Target> target;
  std::unique_ptr<Space> space;
  SearchTask task;
  SearchOptions options;
};
PreparedSearch prepare(const Cli& cli, const SearchFlags& flags);

}  // namespace Atoll::cli
