// What goes on from a trained network: quantization-aware training beside calibration alone, pruning of weights, and
// pruning of channels to a latency, all of one network, with as many further epochs each. The test pictures are only
// ever measured on.
//
//   retraining [--data DATA] [--model FOLDER] [--epochs N] [--more N] [--images N] [--lr RATE] [--target T] [--threads
//   N] [--only quantize|prune|cut]
#include <fmt/format.h>

#include <cstdlib>
#include <numeric>

#include "atoll/builder.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/prune.h"
#include "atoll/qat.h"
#include "atoll/runtime.h"
#include "base/timer.h"

namespace {

using namespace Atoll;

// Fused and depthwise inverted bottlenecks for pictures of about 30 pixels: 1 to 2 million multiply-accumulates.
Graph small_network(const Shape& input, int classes) {
  GraphBuilder b("small");
  const auto normalized = [&](TensorId x, const std::string& name) { return b.batch_norm(x, name + "/norm"); };
  const auto activated = [&](TensorId x, const std::string& name) {
    return b.node(name + "/relu", Relu{}, {normalized(x, name)});
  };
  TensorId x = b.input(input);
  x = activated(b.conv2d(x, 16, 3, {.stride = 2}, "stem"), "stem");
  const auto block = [&](const std::string& name, int channels, int stride, bool fused) {
    const auto scope = b.scope(name);
    const auto width = b.shape(x).c();
    const int wide = 4 * static_cast<int>(width);
    TensorId y = fused ? activated(b.conv2d(x, wide, 3, {.stride = stride}, "fused"), "fused")
                       : activated(b.conv2d(x, wide, 1, {}, "expand"), "expand");
    if (!fused) y = activated(b.depthwise(y, 3, {.stride = stride}, "depthwise"), "depthwise");
    y = normalized(b.conv2d(y, channels, 1, {}, "project"), "project");
    x = stride == 1 && width == channels ? b.node("add", Add{}, {x, y}) : y;
  };
  block("block1", 24, 2, true);
  block("block2", 24, 1, false);
  block("block3", 40, 2, false);
  block("block4", 40, 1, false);
  x = activated(b.conv2d(x, 128, 1, {}, "head"), "head");
  return b.build({b.fully_connected(b.node("pool", Mean{}, {x}), classes, "logits")});
}

struct Arguments {
  std::string data = "fashion-mnist", model, only, target = "edgetpu-usb3";
  int epochs = 3, more = 1, threads = 2;
  std::int64_t images = 0;  // 0: all of the training part
  double lr = 0.02;         // of what goes on; the float network starts at 0.1
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; i += 2) {
    const std::string word = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (value.empty()) fail("{} needs a value", word);
    if (word == "--data")
      a.data = value;
    else if (word == "--model")
      a.model = value;
    else if (word == "--only")
      a.only = value;
    else if (word == "--target")
      a.target = value;
    else if (word == "--epochs")
      a.epochs = std::atoi(value.c_str());
    else if (word == "--more")
      a.more = std::atoi(value.c_str());
    else if (word == "--threads")
      a.threads = std::atoi(value.c_str());
    else if (word == "--images")
      a.images = std::atoll(value.c_str());
    else if (word == "--lr")
      a.lr = std::atof(value.c_str());
    else
      fail("there is no option {}", word);
  }
  if (!a.only.empty() && a.only != "quantize" && a.only != "prune" && a.only != "cut")
    fail("--only is '{}', but should be quantize, prune or cut", a.only);
  return a;
}

class Bench {
 public:
  explicit Bench(const Arguments& a)
      : a_(a),
        data_(open_dataset(a.data, Split::kTrain)),
        test_(open_dataset(a.data, Split::kTest)),
        target_(open_target(a.target)) {
    if (a.images > 0 && a.images < data_->size()) {
      std::vector<std::int64_t> all(static_cast<std::size_t>(data_->size()));
      std::iota(all.begin(), all.end(), std::int64_t{0});
      Rng(1).shuffle(std::span(all));
      all.resize(static_cast<std::size_t>(a.images));
      data_ = subset(data_, std::move(all));
    }
  }

  void run() {
    fmt::print("{}: {} training and {} test images; {} epochs, then {} more at {}; predictions on {}\n", a_.data,
               data_->size(), test_->size(), a_.epochs, a_.more, a_.lr, a_.target);
    fmt::print("{:<30} {:>8} {:>6} {:>9} {:>10} {:>9} {:>8} {:>10} {:>6}\n", "", "top-1 %", "+-", "params", "MACs",
               "gzip B", "pred. ms", "float ms", "s");
    start_ = seconds_now();
    if (a_.model.empty()) {
      const Image first = data_->image(0);
      TrainOptions options = train_options(a_.epochs);
      options.learning_rate = 0.1;
      real_ = train(small_network({1, first.h, first.w, first.c}, static_cast<int>(data_->classes().size())), data_,
                    nullptr, options)
                  .graph;
    } else {
      real_ = load_model(a_.model);
    }
    row("float", real_);
    row("float, more epochs", train(real_, data_, nullptr, train_options(a_.more)).graph);
    const auto wanted = [&](const char* part) { return a_.only.empty() || a_.only == part; };
    if (wanted("quantize")) quantize();
    if (wanted("prune")) prune();
    if (wanted("cut")) cut();
  }

 private:
  TrainOptions train_options(int epochs) const {
    TrainOptions options;
    options.epochs = epochs;
    options.batch = 32;
    options.learning_rate = a_.lr;
    options.warmup_epochs = 0.1;
    options.label_smoothing = 0.05;
    options.weight_decay = 5e-4;
    options.threads = a_.threads;
    if (real_.preprocessing) options.preprocessing = *real_.preprocessing;
    return options;
  }

  void row(const std::string& name, const Graph& graph) {
    const Graph inference = scheme_of(graph) == "float32" ? to_inference(graph) : graph;
    const Accuracy accuracy = evaluate(inference, *test_, {.threads = a_.threads});
    const GraphCost cost = cost_of(inference);
    std::string ms = "-";
    if (scheme_of(graph) == "float32") {
      Session session(inference);
      ms = fmt::format("{:.3f}", measure([&] { session.run(); }, {.min_seconds = 0.3, .max_seconds = 2}).median_ms);
    }
    fmt::print("{:<30} {:8.2f} {:6.2f} {:9} {:10} {:9} {:8.4f} {:>10} {:6.0f}\n", name, 100 * accuracy.top1,
               100 * accuracy.ci95, cost.params, cost.macs, gzip_bytes(write_tflite(inference)),
               target_->latency_ms(inference), ms, seconds_now() - start_);
    std::fflush(stdout);
    start_ = seconds_now();
  }

  void quantize() {
    const CalibrationOptions how{.threads = a_.threads};
    const Graph inference = to_inference(real_);
    row("int8, calibrated", quantize_int8(inference, calibrate(inference, *data_, how)));
    QatOptions options{.calibration = how, .train = train_options(a_.more)};
    for (const double from : {0.8, 0.5}) {
      options.train.freeze_bn_from = from;
      row(fmt::format("int8, trained, frozen from {}", from), train_quantized(real_, data_, nullptr, options).graph);
    }
    options.train.distill_weight = 0.5;
    row("int8, trained and taught", train_quantized(real_, data_, nullptr, options, {.teacher = &real_}).graph);
  }

  void prune() {
    WeightPruneOptions options{.train = train_options(a_.more)};
    for (const double sparsity : {0.5, 0.75, 0.9}) {
      options.schedule.final = sparsity;
      row(fmt::format("{:.0f} % of weights pruned", 100 * sparsity),
          prune_weights(real_, data_, nullptr, options).graph);
    }
    options.pattern = SparsityPattern::kTwoOfFour;
    options.end = options.begin;
    row("2 of 4 weights kept", prune_weights(real_, data_, nullptr, options).graph);
  }

  void cut() {
    const double before = target_->latency_ms(to_inference(real_));
    for (const double share : {0.99, 0.98}) {  // all else of so small a network's time on a USB accelerator is fixed
      ChannelPruneOptions options{.target_latency_ms = share * before, .train = train_options(a_.more)};
      try {
        row(fmt::format("channels, to {:.4f} ms", share * before),
            prune_channels(real_, data_, nullptr, target_.get(), options).graph);
      } catch (const Error& error) {
        fmt::print("channels, to {:.4f} ms: {}\n", share * before, error.what());
      }
    }
    ChannelPruneOptions options{.sparsity = 0.5, .train = train_options(a_.more)};
    row("channels, half the parameters", prune_channels(real_, data_, nullptr, nullptr, options).graph);
  }

  const Arguments a_;
  std::shared_ptr<const Dataset> data_, test_;
  std::shared_ptr<const Target> target_;
  Graph real_;
  double start_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Bench(parse(argc, argv)).run();
  } catch (const Atoll::Error& error) {
    fmt::print(stderr, "retraining: {}\n", error.what());
    return 2;
  }
  return 0;
}
