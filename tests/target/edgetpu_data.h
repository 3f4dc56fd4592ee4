// Reads the folder of Edge TPU measurements, where there is one: graphs of published .tflite files layer by layer,
// what the compiler made of them, and micro-benchmarks on real chips.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "target/deployed.h"
#include "target/edgetpu/chip.h"

namespace Atoll::edgetpu_data {

// $ATOLL_DATA/edgetpu, or ../shared/data/edgetpu beside the source folder; nothing when neither exists.
std::optional<std::filesystem::path> folder();

// "repository:path" of the .tflite file -> its graph, constants without values.
std::map<std::string, Deployed> published_graphs(const std::filesystem::path& folder);

struct Executable {   // of one compiled file: what is sent once, and what runs
  std::string model;  // "repository:path" of the .tflite file it was compiled from
  std::int64_t cached_bytes = 0, streamed_bytes = 0, instruction_bytes = 0, compiler_cycles = 0;
  bool cocompiled = false;     // shared the cache with other models
  bool first_compiler = true;  // of 2019 and 2020; those of 2021 on write no cycle estimate
};
std::vector<Executable> executables(const std::filesystem::path& folder);

struct Shares {  // of the wide memory, as the compiler reported them, in bytes; available: used or free
  std::optional<double> cached, available, streamed;
};
struct Measurement {
  std::string family, name, link;
  Deployed network;
  double ms = 0;
  Shares shares;
  bool first_compiler = false;
};
std::vector<Measurement> measurements(const std::filesystem::path& folder);

// The chip as the compilers of 2019 and 2020 used it.
edgetpu::Chip for_first_compilers(edgetpu::Chip chip);

// Rows of a CSV file with quoted fields, by column name.
std::vector<std::map<std::string, std::string>> read_csv(const std::filesystem::path& path);

}  // namespace Atoll::edgetpu_data
