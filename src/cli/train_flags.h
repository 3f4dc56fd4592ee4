// The flags of a training, for every command that trains.
#pragma once

#include <string>
#include <vector>

#include "atoll/train.h"
#include "cli/cli.h"

namespace Atoll::cli {

struct TrainFlags {
  TrainOptions options;
  std::string optimizer = "sgd", schedule = "cosine", group;  // group: of the help page

  // `epochs` is the name of the flag; none where the command has its own.
  void declare_optimizer(CLI::App* command, const std::string& epochs = "--epochs");
  void declare_augmentation(CLI::App* command);
  // --distill, --temperature; the teacher is the command's affair.
  void declare_distillation(CLI::App* command);
  // The options with the common flags in.
  TrainOptions chosen(const Common& common) const;
};

// One line for an epoch, on stderr; "test" or "int8 test" is the name of what was validated.
void say_epoch(const EpochRecord& record, const char* validated);
std::string history_csv(const std::vector<EpochRecord>& history);

}  // namespace Atoll::cli
