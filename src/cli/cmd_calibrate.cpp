#include <fmt/format.h>

#include <filesystem>

#include "atoll/calibrate.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct CalibrateFlags {
  std::string measurements, output, kind = "auto";
  CalibrateOptions options;
};

CalibrationKind kind_of(const std::string& name) {
  if (name == "edgetpu") return CalibrationKind::kEdgeTpu;
  return name == "regression" ? CalibrationKind::kRegression : CalibrationKind::kAuto;
}

int calibrate_target(const Cli& cli, CalibrateFlags flags) {
  flags.options.name = std::filesystem::path(flags.output).stem().string();
  flags.options.kind = kind_of(flags.kind);
  flags.options.seed = cli.common.seed;
  const CalibratedTarget result = calibrate(read_measurements(flags.measurements), flags.options);
  write_file(flags.output, result.json);
  const char* kind = result.kind == CalibrationKind::kEdgeTpu ? "edgetpu" : "regression";
  if (cli.common.json)
    print_json({{"target", flags.output},
                {"kind", kind},
                {"base", flags.options.base},
                {"uses_base", result.uses_base},
                {"rows", result.rows},
                {"folds", result.folds},
                {"mape", result.mape},
                {"spearman", result.spearman},
                {"within10", result.within10},
                {"coverage80", result.coverage80},
                {"notes", result.notes}});
  else
    print(
        fmt::format("kind             {}{}\n"
                    "networks         {}, {}-fold cross-validation\n"
                    "mean error       {:.1f} %\n"
                    "within 10 %      {:.0f} %\n"
                    "Spearman         {:.3f}\n"
                    "80 % interval    held {:.0f} % of the networks that did not set its width\n",
                    kind, result.uses_base ? ", on top of " + flags.options.base : "", result.rows, result.folds,
                    100 * result.mape, 100 * result.within10, result.spearman, 100 * result.coverage80));
  for (const std::string& note : result.notes) say("{}", note);
  say("wrote {}", flags.output);
  return kDone;
}

}  // namespace

void add_calibrate(Cli& cli) {
  CLI::App* command = cli.command("calibrate", "Fits a target to your own measurements, with cross-validated error",
                                  "  atoll calibrate --measurements mine.csv --base edgetpu-usb3 -o mine.json\n"
                                  "  (mine.csv: a header 'model,ms', then one line for each model)\n"
                                  "  atoll predict mobilenet-v2 --target mine.json\n");
  auto flags = std::make_shared<CalibrateFlags>();
  command
      ->add_option("--measurements", flags->measurements,
                   "CSV: model,ms, or for single layers op,h,w,in,out,kernel,stride,ms")
      ->required();
  command->add_option("--base", flags->options.base, "the target to start from")->capture_default_str();
  command
      ->add_option("--kind", flags->kind,
                   "edgetpu fits a chip's parameters, regression any device; auto takes what errs less")
      ->check(CLI::IsMember({"auto", "edgetpu", "regression"}))
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "the target file to write")->required();
  command->add_option("--conditions", flags->options.conditions, "host, link, clock: kept in the file");
  cli.run(command, [&cli, flags] { return calibrate_target(cli, *flags); });
}

void add_probe(Cli& cli) {
  CLI::App* command = cli.command("probe", "Writes the small models worth measuring first on a new device",
                                  "  atoll probe -o probes\n"
                                  "  (then fill in probes/measurements.csv and give it to atoll calibrate)\n");
  struct ProbeFlags {
    std::string output;
    ProbeOptions options;
  };
  auto flags = std::make_shared<ProbeFlags>();
  command->add_option("-o,--output", flags->output, "folder to write into")->required();
  command->add_flag("--float", flags->options.float_too, "write float32 twins too");
  cli.run(command, [&cli, flags] {
    flags->options.seed = cli.common.seed;
    nlohmann::json files = nlohmann::json::array();
    for (const std::filesystem::path& path : write_probe(flags->output, flags->options)) files.push_back(path.string());
    if (cli.common.json)
      print_json({{"files", files}});
    else
      print(fmt::format("wrote {} models, measurements.csv and README.md into {}\n", files.size(), flags->output));
    return kDone;
  });
}

}  // namespace Atoll::cli
