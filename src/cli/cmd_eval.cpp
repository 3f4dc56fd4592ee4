#include <fmt/format.h>

#include <memory>

#include "atoll/data.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/model_run.h"

namespace Atoll::cli {
namespace {

struct EvalFlags {
  ModelArgument model;
  std::string data, split = "test";
  std::int64_t limit = 0;
  bool skip_bad = false;
  KernelsFlag kernels;
  PreprocessingFlags preprocessing;
};

int run(const EvalFlags& flags, const Common& common) {
  Graph graph = flags.model.load();
  flags.preprocessing.apply(graph);
  const auto data = with_classes_of(
      graph,
      open_dataset(flags.data, flags.split == "train" ? Split::kTrain : Split::kTest, {.skip_bad = flags.skip_bad}));
  const std::int64_t total = flags.limit > 0 ? std::min(flags.limit, data->size()) : data->size();
  Accuracy accuracy;
  {
    Progress progress("evaluating", static_cast<double>(total));
    accuracy = evaluate(graph, *data, {.kernels = flags.kernels.kernels(), .threads = common.threads}, flags.limit,
                        [&](std::int64_t done, std::int64_t) { progress.update(static_cast<double>(done)); });
  }
  if (common.json)
    print_json({{"top1", accuracy.top1},
                {"top5", accuracy.top5},
                {"images", accuracy.images},
                {"ci95", accuracy.ci95},
                {"scheme", scheme_of(graph)}});
  else
    print(fmt::format("top-1  {:.2f} % ± {:.2f}\ntop-5  {:.2f} %\nimages {}\n", 100 * accuracy.top1,
                      100 * accuracy.ci95, 100 * accuracy.top5, accuracy.images));
  return kDone;
}

}  // namespace

void add_eval(Cli& cli) {
  CLI::App* command = cli.command("eval", "Measures a model's accuracy on a data set",
                                  "  atoll eval model_int8.tflite --data fashion-mnist\n"
                                  "  atoll eval mobilenet.tflite --data imagefolder:pictures --mean 127.5 --std 127.5");
  auto flags = std::make_shared<EvalFlags>();
  flags->model.declare(command);
  command->add_option("--data", flags->data, "fashion-mnist, or KIND:PATH")->required();
  command->add_option("--split", flags->split, "of the data set")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  command->add_option("--limit", flags->limit, "only the first N images")->check(CLI::NonNegativeNumber);
  command->add_flag("--skip-bad", flags->skip_bad, "leave undecodable images out");
  flags->kernels.declare(command);
  flags->preprocessing.declare(command);
  cli.run(command, [flags, &cli] { return run(*flags, cli.common); });
}

}  // namespace Atoll::cli
