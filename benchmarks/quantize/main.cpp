// Post-training quantization beside TensorFlow's converter and ai-edge-quantizer: the same float networks, the same
// calibration pictures, the same test pictures and the same evaluator; then every file in LiteRT as well.
//
//   quantize [--images N] [--held-out N] [--test N] [--litert N] [--schemes int8,dynamic,float16] MODEL=DATA[@mean,std]
//   …
//
// MODEL is a float .tflite, a name of `atoll pull`, or zoo:NAME with random weights (for time and memory only).
// Pictures of DATA's train split calibrate (N of them, and as many as --held-out for the ladder; the peers get them
// all), those of its test split are tested on. ATOLL_TF_PYTHON names a Python with tensorflow and ai-edge-quantizer,
// ATOLL_LITERT_PYTHON one with ai-edge-litert; without them the peers are left out.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "atoll/compress.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/pull.h"
#include "atoll/pytorch.h"
#include "atoll/report.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "base/timer.h"
#include "compress/observe.h"
#include "compress/output_error.h"
#include "compress/paired.h"
#include "process.h"
#include "runtime/model_input.h"
#include "runtime/npy.h"

namespace {

using namespace Atoll;
namespace fs = std::filesystem;

struct Settings {
  std::int64_t images = 256, held_out = 256, test = 0, litert = 100;
  std::string schemes = "int8,dynamic,float16", program, tf_python, litert_python;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// --- our conversion, in a process of its own, so that its memory can be told -------------------------------------

int convert(char** words) {
  const std::string scheme = words[0], source = words[1], data = words[2], out = words[3];
  const std::int64_t images = std::stoll(words[4]), held_out = std::stoll(words[5]);
  const Graph graph = to_inference(load_model(source));
  const auto pictures = with_classes_of(graph, open_dataset(data, Split::kTrain));
  // From here on, as the peers, who are given pixels; ours are decoded within.
  const double start = seconds_now(), cpu_start = cpu_seconds();
  Graph result;
  nlohmann::json steps = nlohmann::json::array();
  if (scheme == "int8" || scheme == "plain") {
    const CalibrationOptions how{.images = images, .threads = hardware_threads()};
    if (scheme == "int8") {
      LadderResult ladder = quantize_with_ladder(graph, *pictures, how, {}, {.held_out_images = held_out});
      for (const LadderStep& step : ladder.steps)
        steps.push_back(fmt::format("{}: drop {:+.2f}, expected {:.3f}, {:.5f} nats{}", step.name, 100 * step.drop,
                                    100 * step.expected_drop, step.output_error, step.kept ? "" : " (not kept)"));
      result = std::move(ladder.graph);
    } else {
      result = quantize_int8(graph, calibrate(graph, *pictures, how));
    }
  } else {
    result = scheme == "dynamic" ? quantize_dynamic(graph) : quantize_float16(graph);
  }
  save_model(result, out);
  const nlohmann::json answer = {{"seconds", seconds_now() - start},
                                 {"cpu_seconds", cpu_seconds() - cpu_start},
                                 {"peak_bytes", peak_bytes()},
                                 {"steps", steps}};
  fmt::print("{}\n", answer.dump());
  return 0;
}

// --- one network ---------------------------------------------------------------------------------------------------

struct Entry {
  std::string maker, scheme;
  fs::path file;
  double seconds = 0, cpu_seconds = 0;
  std::int64_t peak = 0;
  Reference::Score score;
  std::string litert;
};

class Network {
 public:
  Network(const Settings& settings, const std::string& argument, fs::path folder)
      : settings_(settings), folder_(std::move(folder)) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) fail("'{}' is no MODEL=DATA", argument);
    name_ = argument.substr(0, equals);
    data_ = argument.substr(equals + 1);
    std::string normalisation;
    if (const std::size_t at = data_.find('@'); at != std::string::npos) {
      normalisation = data_.substr(at + 1);
      data_.resize(at);
    }
    graph_ = load(name_);
    if (!normalisation.empty()) {
      const std::size_t comma = normalisation.find(',');
      graph_.preprocessing =
          Preprocessing{.mean = {std::stof(normalisation)}, .std = {std::stof(normalisation.substr(comma + 1))}};
    }
    make_folder(folder_);
    float_file_ = folder_ / "float.tflite";
    save_model(graph_, float_file_);
    graph_ = load_model(float_file_.string());
  }

  void run() {
    const auto train = with_classes_of(graph_, open_dataset(data_, Split::kTrain));
    const auto test = with_classes_of(graph_, open_dataset(data_, Split::kTest));
    write_inputs(graph_, *train, calibration_indices(*train, settings_.images + settings_.held_out, 0),
                 folder_ / "calibration.npy");
    std::vector<std::int64_t> tested =
        calibration_indices(*test, settings_.test > 0 ? settings_.test : test->size(), 1);
    const Reference reference(graph_, *test, tested, hardware_threads());
    tested.resize(std::min(tested.size(), static_cast<std::size_t>(settings_.litert)));

    convert_all();
    for (Entry& entry : entries_) {
      Graph graph = load_model(entry.file.string());
      graph.preprocessing = graph_.preprocessing;
      entry.score = reference.score(graph);
      entry.litert = in_litert(entry, graph, *test, tested);
    }
    print(reference, static_cast<std::int64_t>(train->size()));
  }

 private:
  static Graph load(const std::string& name) {
    if (name.starts_with("zoo:")) {
      Graph graph = with_random_weights(build_zoo_model(name.substr(4)), 1);
      if (!graph.preprocessing) graph.preprocessing = Preprocessing{};
      return lower_to_tflite_ops(to_inference(graph));
    }
    constexpr std::string_view kStandIn = "dequantized:";
    if (name.starts_with(kStandIn)) return dequantized(load_model(name.substr(kStandIn.size())));
    const auto pullable = pullable_models();
    const bool pull = std::find(pullable.begin(), pullable.end(), name) != pullable.end();
    return load_model(pull ? pull_model(name).file.string() : name);
  }

  static void write_inputs(const Graph& graph, const Dataset& data, const std::vector<std::int64_t>& indices,
                           const fs::path& file) {
    Shape shape = graph.input().shape;
    const Preprocessing how = preprocessing_of(graph);
    const auto size = static_cast<std::size_t>(shape.elements());
    std::vector<float> values(size * indices.size());
    for (std::size_t i = 0; i < indices.size(); ++i)
      preprocess(data.image(indices[i]), how, static_cast<int>(shape.h()), static_cast<int>(shape.w()),
                 static_cast<int>(shape.c()), std::span(values).subspan(i * size, size));
    shape[0] = static_cast<std::int64_t>(indices.size());
    write_file(file, write_npy(DType::kFloat32, shape, std::as_bytes(std::span(values))));
  }

  void convert_all() {
    for (const char* scheme : {"int8", "dynamic", "float16"}) {
      if (settings_.schemes.find(scheme) == std::string::npos) continue;
      if (scheme == std::string("int8")) add("atoll, no ladder", "plain");
      add("atoll", scheme);
      if (settings_.tf_python.empty()) continue;
      add("tensorflow", scheme);
      if (scheme != std::string("float16")) add("ai-edge-quantizer", scheme);
    }
  }

  void add(const std::string& maker, const std::string& scheme) {
    Entry entry{.maker = maker, .scheme = scheme == "plain" ? "int8" : scheme};
    entry.file = folder_ / fmt::format("{}-{}.tflite", maker, scheme);
    const bool ours = maker.starts_with("atoll");
    const std::vector<std::string> command =
        ours ? std::vector<std::string>{settings_.program,
                                        "--convert",
                                        scheme,
                                        float_file_,
                                        data_,
                                        entry.file,
                                        std::to_string(settings_.images),
                                        std::to_string(settings_.held_out)}
             : std::vector<std::string>{settings_.tf_python,
                                        ATOLL_SOURCE_DIR "/benchmarks/quantize/peers.py",
                                        maker,
                                        scheme,
                                        float_file_,
                                        folder_ / "calibration.npy",
                                        entry.file};
    const std::optional<std::string> answer = output_of(command);
    if (!answer) {
      fmt::print("{}: {} could not make {}; '{}.log' says why\n", name_, maker, scheme, entry.file.string());
      return;
    }
    const auto json = nlohmann::json::parse(answer->substr(answer->rfind("{\"")));
    entry.seconds = json.at("seconds").get<double>();
    entry.cpu_seconds = json.at("cpu_seconds").get<double>();
    entry.peak = json.at("peak_bytes").get<std::int64_t>();
    if (json.contains("steps"))
      for (const auto& step : json.at("steps")) fmt::print("  {}\n", step.get<std::string>());
    entries_.push_back(std::move(entry));
  }

  // int8: how many of the outputs are the same bytes in LiteRT's reference kernels. Others: of how many pictures LiteRT
  // as it ships names the same class.
  std::string in_litert(const Entry& entry, const Graph& graph, const Dataset& test,
                        const std::vector<std::int64_t>& tested) const {
    if (settings_.litert_python.empty() || tested.empty()) return "";
    const bool whole = graph.input().dtype != DType::kFloat32;
    Session session(graph, {.threads = hardware_threads()});
    ModelInput input(graph);
    std::vector<std::byte> inputs, outputs;
    for (const std::int64_t index : tested) {
      input.set(0, test.image(index));
      input.write_to(session);
      const auto in = session.input();
      inputs.insert(inputs.end(), in.begin(), in.end());
      session.run();
      const auto out = session.output();
      outputs.insert(outputs.end(), out.begin(), out.end());
    }
    Shape shape = graph.input().shape;
    shape[0] = static_cast<std::int64_t>(tested.size());
    write_file(folder_ / "in.npy", write_npy(graph.input().dtype, shape, inputs));
    if (!output_of({settings_.litert_python, ATOLL_SOURCE_DIR "/benchmarks/quantize/peers.py", "litert",
                    whole ? "reference" : "default", entry.file, folder_ / "in.npy", folder_ / "out.npy"}))
      return "does not run";
    const NpyArray theirs = read_npy(folder_ / "out.npy");
    const std::size_t one = outputs.size() / tested.size();
    std::size_t equal = 0;
    for (std::size_t i = 0; i < tested.size(); ++i) {
      const std::byte *a = outputs.data() + i * one, *b = theirs.bytes.data() + i * one;
      equal += whole ? std::equal(a, a + one, b) : best(a, one) == best(b, one);
    }
    return fmt::format("{} {} of {}", whole ? "bytes" : "top-1", equal, tested.size());
  }

  static std::size_t best(const std::byte* bytes, std::size_t size) {
    const auto* scores = reinterpret_cast<const float*>(bytes);
    return static_cast<std::size_t>(std::max_element(scores, scores + size / sizeof(float)) - scores);
  }

  void print(const Reference& reference, std::int64_t train_images) const {
    fmt::print("\n{}: float {} bytes, top-1 {:.2f} % on {} test pictures; {} of {} training pictures calibrate\n",
               name_, fs::file_size(float_file_), 100 * reference.float_top1(), reference.images(),
               std::min(train_images, settings_.images + settings_.held_out), train_images);
    report::Table table{.header = {"scheme", "made by", "bytes", "seconds", "CPU s", "peak MB", "top-1", "drop, points",
                                   "lost/won", "McNemar p", "error, nats", "LiteRT"},
                        .right = {false, false, true, true, true, true, true, true, true, true, true, true}};
    for (const Entry& entry : entries_) {
      const Paired change = paired(reference.float_right(), entry.score.right);
      table.rows.push_back({entry.scheme, entry.maker, std::to_string(fs::file_size(entry.file)),
                            fmt::format("{:.2f}", entry.seconds), fmt::format("{:.2f}", entry.cpu_seconds),
                            fmt::format("{:.0f}", static_cast<double>(entry.peak) / 1e6),
                            fmt::format("{:.2f} %", 100 * entry.score.top1),
                            fmt::format("{:+.2f} ± {:.2f}", -100 * change.difference(), 100 * change.ci95()),
                            fmt::format("{}/{}", change.lost, change.won), fmt::format("{:.2f}", change.p_value()),
                            fmt::format("{:.5f}", entry.score.output_error), entry.litert});
    }
    fmt::print("{}", report::text_table(table));
    for (const char* scheme : {"int8", "dynamic"}) print_verdict(scheme);
    std::fflush(stdout);
  }

  void print_verdict(const std::string& scheme) const {
    const Entry *ours = nullptr, *better = nullptr, *tensorflow = nullptr;
    std::uintmax_t smallest = 0;
    for (const Entry& entry : entries_) {
      if (entry.scheme != scheme) continue;
      if (entry.maker == "atoll") ours = &entry;
      if (entry.maker.starts_with("atoll")) continue;
      if (entry.maker == "tensorflow") tensorflow = &entry;
      if (better == nullptr || entry.score.top1 > better->score.top1) better = &entry;
      const std::uintmax_t bytes = fs::file_size(entry.file);
      smallest = smallest == 0 ? bytes : std::min(smallest, bytes);
    }
    if (ours == nullptr || better == nullptr) return;
    const Paired change = paired(better->score.right, ours->score.right);
    fmt::print("{}: {:+.2f} ± {:.2f} points against {} (McNemar p {:.2f}); {:+} bytes against the smallest peer",
               scheme, 100 * change.difference(), 100 * change.ci95(), better->maker, change.p_value(),
               static_cast<std::int64_t>(fs::file_size(ours->file)) - static_cast<std::int64_t>(smallest));
    if (tensorflow != nullptr)
      fmt::print("; {:.1f} times as fast as TensorFlow's converter, with {:.1f} times less CPU time",
                 tensorflow->seconds / ours->seconds, tensorflow->cpu_seconds / ours->cpu_seconds);
    fmt::print("\n");
  }

  const Settings& settings_;
  const fs::path folder_;
  std::string name_, data_;
  Graph graph_;
  fs::path float_file_;
  std::vector<Entry> entries_;
};

int benchmark(int argc, char** argv) {
  Settings settings{.program = fs::read_symlink("/proc/self/exe"),
                    .tf_python = environment("ATOLL_TF_PYTHON"),
                    .litert_python = environment("ATOLL_LITERT_PYTHON")};
  const std::map<std::string, std::int64_t*> numbers = {{"--images", &settings.images},
                                                        {"--held-out", &settings.held_out},
                                                        {"--test", &settings.test},
                                                        {"--litert", &settings.litert}};
  std::vector<std::string> networks;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = numbers.find(word);
    if ((number != numbers.end() || word == "--schemes") && i + 1 == argc) fail("{} wants a value", word);
    if (number != numbers.end())
      *number->second = std::stoll(argv[++i]);
    else if (word == "--schemes")
      settings.schemes = argv[++i];
    else
      networks.push_back(word);
  }
  if (networks.empty()) fail("usage: quantize [--images N] [--held-out N] [--test N] [--litert N] MODEL=DATA …");
  const fs::path folder = fs::temp_directory_path() / fmt::format("atoll-quantize-{}", ::getpid());
  for (std::size_t i = 0; i < networks.size(); ++i) Network(settings, networks[i], folder / std::to_string(i)).run();
  if (environment("ATOLL_KEEP").empty()) fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  setenv("OMP_WAIT_POLICY", "passive", 0);  // for the conversions, which are processes of their own
  try {
    if (argc == 8 && argv[1] == std::string("--convert")) return convert(argv + 2);
    return benchmark(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "quantize: {}\n", error.what());
    return 2;
  }
}
