#include <fmt/format.h>

#include <filesystem>

#include "atoll/model.h"
#include "atoll/weights.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct ConvertFlags {
  ModelArgument model;
  std::string output, weights;
};

int convert(const Cli& cli, const ConvertFlags& flags) {
  Graph graph = flags.model.load();
  if (!flags.weights.empty()) graph = load_weights(graph, flags.weights);
  save_model(graph, flags.output);
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(flags.output));
  if (cli.common.json) {
    print_json({{"name", graph.name}, {"output", flags.output}, {"bytes", bytes}, {"scheme", scheme_of(graph)}});
  } else {
    say("wrote '{}': {}", flags.output, bytes_text(static_cast<double>(bytes)));
  }
  return kDone;
}

}  // namespace

void add_convert(Cli& cli) {
  CLI::App* command = cli.command("convert", "writes a model in another format, by the extension of the output",
                                  "  atoll convert model.tflite architecture.json\n"
                                  "  atoll convert efficientnet-edgetpu-s s.json --input 192\n"
                                  "  atoll convert other.tflite rewritten.tflite\n"
                                  "  atoll convert classifier.onnx classifier.tflite\n"
                                  "  atoll convert model_int8.tflite model_int8.onnx\n"
                                  "  atoll convert efficientnet-edgetpu-s s.tflite --weights s.safetensors");
  const auto flags = std::make_shared<ConvertFlags>();
  flags->model.declare(command);
  command
      ->add_option("output", flags->output,
                   ".tflite, .onnx, .json (architecture alone) or .safetensors (weights alone)")
      ->required();
  command->add_option("--weights", flags->weights,
                      "values of the model's constants: .safetensors, .pth, .pt or a TensorFlow checkpoint");
  cli.run(command, [&cli, flags] { return convert(cli, *flags); });
}

}  // namespace Atoll::cli
