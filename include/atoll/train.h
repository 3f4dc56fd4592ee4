// Training of a classifier graph in its training form (BatchNorm and Dropout nodes; the last node before
// an optional Softmax gives the logits).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atoll/data.h"
#include "atoll/graph.h"
#include "atoll/random.h"

namespace Atoll {

enum class Optimizer { kSgd, kRmsProp };
enum class Schedule { kCosine, kExponential };

struct TrainOptions {
  int epochs = 10;
  int batch = 128;
  Optimizer optimizer = Optimizer::kSgd;
  double learning_rate = 0.1;  // at the peak, for this batch size
  Schedule schedule = Schedule::kCosine;
  double decay_rate = 0.97;    // exponential: factor
  double decay_epochs = 2.4;   // exponential: every so many epochs
  double warmup_epochs = 0.5;  // linear, from 0
  double momentum = 0.9;       // Nesterov for SGD
  double rms_decay = 0.9, rms_epsilon = 1e-3;
  double weight_decay = 1e-4;  // times w, added to the gradient of weights (not of biases or batch norm)
  double label_smoothing = 0.1;
  double ema_decay = 0;      // 0: off; of weights and batch-norm statistics, with step-count warm-up
  double bn_momentum = 0.9;  // replaces the graph's, which suits epochs of ImageNet's length; 0 keeps it
  Augmentation augmentation;
  Preprocessing preprocessing;  // stored in the trained graph
  std::uint64_t seed = 0;
  int threads = 0;  // 0: all
  int loader_threads = 1;
  std::filesystem::path checkpoint;  // empty: none; a file, written whole every `checkpoint_seconds`
  double checkpoint_seconds = 60;
  bool resume = false;          // go on from `checkpoint` where it exists; bit for bit the same result
  double freeze_bn_from = 1.0;  // share of the training after which batch norm uses its moving statistics
  double distill_weight = 0;    // with a teacher: share of the loss that is the divergence from its answers
  double distill_temperature = 4;
};

// Where the constants lie in the one flat array of values that a training works on.
struct ValueLayout {
  std::vector<std::size_t> offset;  // by tensor id of the first value; kNone for an activation
  std::size_t trained = 0;          // values before here are trained
  std::size_t values = 0;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

// What a training computes with in place of its own values: masked ones (pruning), or ones rounded as the int8
// network will have them (quantization-aware training).
class ValueTransform {
 public:
  virtual ~ValueTransform() = default;
  // Once, before all else; `graph` is the network with its starting values.
  virtual void attach(const Graph& graph, const ValueLayout& layout) = 0;
  // Before every step; may change the values themselves.
  virtual void begin_step(std::uint64_t /*step*/, std::span<float> /*values*/) {}
  // Makes `effective`, a copy of `values`, what the network computes with.
  virtual void apply(std::span<const float> values, std::span<float> effective) const = 0;
  // Turns the gradients of the trained `effective` values into those of `values`, in place. Linear: called for every
  // shard of the batch.
  virtual void backward(std::span<float> /*gradients*/) {}
  virtual std::uint64_t fingerprint() const = 0;  // of what shapes the result, for checkpoints
  virtual std::vector<std::byte> state() const { return {}; }
  virtual void restore(std::span<const std::byte> /*state*/) {}
};

struct EpochRecord {
  int epoch = 0;  // 1 = first
  double learning_rate = 0, loss = 0, train_top1 = 0;
  double validation_top1 = 0;  // 0 without a validation set
  double images_per_s = 0, seconds = 0;
};

struct TrainResult {
  Graph graph;  // trained weights (the EMA where it is on), same form as it came in
  std::vector<EpochRecord> history;
  double top1 = 0;          // on the validation set after the last epoch, 0 without one
  double images_per_s = 0;  // median over the epochs
};

struct TrainHooks {
  std::function<void(const EpochRecord&)> epoch;  // after every epoch
  std::function<void(double epochs_done, double images_per_s, double loss)> step;
  std::function<bool(const EpochRecord&)> stop;  // true: stop early
  // Top-1 of the present weights, in place of the back end's own answer.
  std::function<double(const Graph& weights, const Dataset& validation)> validate;
  ValueTransform* transform = nullptr;  // must outlive the training
  const Graph* teacher = nullptr;       // a float classifier to learn from; see distill_weight
};

// Fills the constants of a network without weights: convolutions He-normal by fan-out (EfficientNet's
// reference code), fully connected uniform +-1/sqrt(max(units, inputs)), gamma 1, beta 0, mean 0, variance 1.
Graph initialize(const Graph& graph, Rng& rng);

// For work that goes on from trained weights: throws Error where `graph` is not float32 or has none. `purpose` is
// what cannot be done to it then ("pruned").
void require_float_weights(const Graph& graph, std::string_view purpose);

// What training on one image costs the CPU back end, in multiply-accumulates of dense convolutions: a depthwise one
// takes as long as 8 of them, an activation that is normalised as 67 (build/benchmarks/training_work fits them).
double training_work(const Graph& graph);

// `validation` may be null. Throws Interrupted after writing the checkpoint when Ctrl-C was pressed.
TrainResult train(const Graph& graph, std::shared_ptr<const Dataset> data, std::shared_ptr<const Dataset> validation,
                  const TrainOptions& options, const TrainHooks& hooks = {});

// One training step on prepared batches: the interface that a back end (a directory under src/train)
// implements. The CPU's is made by make_cpu_backend.
struct StepOptions {
  double learning_rate = 0;
  std::uint64_t step = 0;  // number of the step, for dropout's random stream
  bool freeze_bn = false;
  std::span<const float> teacher_logits;  // [batch, classes], or none
};
struct StepResult {
  double loss = 0;           // mean over the batch
  std::int64_t correct = 0;  // top-1
};
class TrainBackend {
 public:
  virtual ~TrainBackend() = default;
  virtual StepResult step(const Batch& batch, const StepOptions& options) = 0;
  // What a step would see: the training form, batch norm by the statistics of this batch, which is as large as a
  // step's. Nothing is learnt; the loss has no label smoothing.
  virtual StepResult look(const Batch& batch) = 0;
  virtual std::int64_t count_correct(const Batch& batch, bool use_ema) = 0;  // inference form
  virtual std::vector<float> logits(const Batch& batch, bool use_ema) = 0;   // inference form: [batch, classes]
  virtual Graph weights(bool use_ema) const = 0;                             // the graph with its present constants
  virtual std::vector<std::byte> state() const = 0;                          // everything a resumed run needs
  virtual void restore(std::span<const std::byte> state) = 0;
};
// In the training form a Quantize with a second input, the constant {low, high, scale, zero point}, is a fake
// quantization to int8: its output stays float32. `low` and `high` are the moving averages (bn_momentum) of its
// input's least and greatest value in a batch, until batch norm is frozen; scale and zero point are what a transform
// makes of them. The gradient passes where the value is inside of the range (straight through).
// One that only answers (a teacher) takes no memory for steps.
enum class BackendUse : std::uint8_t { kTraining, kAnswers };
std::unique_ptr<TrainBackend> make_cpu_backend(const Graph& graph, const TrainOptions& options,
                                               ValueTransform* transform = nullptr,
                                               BackendUse use = BackendUse::kTraining);

}  // namespace Atoll
