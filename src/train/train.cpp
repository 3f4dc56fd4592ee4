#include "atoll/train.h"

#include <algorithm>
#include <filesystem>

#include "atoll/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/timer.h"
#include "train/checkpoint.h"
#include "train/schedule.h"

namespace Atoll {
namespace {

// The training in progress: everything between two steps is in `at_` and in the back end.
class Training {
 public:
  Training(const Graph& graph, std::shared_ptr<const Dataset> data, std::shared_ptr<const Dataset> validation,
           const TrainOptions& options, const TrainHooks& hooks)
      : data_(std::move(data)), validation_(std::move(validation)), options_(options), hooks_(hooks) {
    training::check_options(options_);
    if (!data_ || data_->size() == 0) fail("there are no pictures to train on");
    options_.batch = static_cast<int>(std::min<std::int64_t>(options_.batch, data_->size()));
    Rng rng(options_.seed, 1);
    const Graph ready = initialize(graph, rng);
    check_fit(ready);
    backend_ = make_cpu_backend(ready, options_, hooks_.transform);
    make_teacher(ready);
    loader_ = std::make_unique<Loader>(data_, loader_options(ready, true));
    if (validation_ && validation_->size() > 0)
      validation_loader_ = std::make_unique<Loader>(validation_, loader_options(ready, false));
    at_.fingerprint = training::fingerprint_of(ready, data_->size(), options_, hooks_.transform);
    resume();
  }

  TrainResult run() {
    last_checkpoint_ = seconds_now();
    while (at_.epoch < options_.epochs && !stopped_) run_epoch();
    TrainResult result{.graph = trained_graph(), .history = at_.history};
    if (!at_.history.empty()) result.top1 = at_.history.back().validation_top1;
    std::vector<double> speeds;
    for (const EpochRecord& record : at_.history) speeds.push_back(record.images_per_s);
    if (!speeds.empty()) result.images_per_s = median(speeds);
    return result;
  }

 private:
  void check_fit(const Graph& graph) const {
    const Shape& input = graph.input().shape;
    if (input.rank() != 4 || (input.c() != 1 && input.c() != 3))
      fail("'{}' takes {}, but training needs pictures [n, h, w, 1 or 3]", graph.name, input.str());
    const auto classes = static_cast<std::int64_t>(data_->classes().size());
    if (graph.output().shape.back() != classes)
      fail("'{}' has {} classes, but the data has {}", graph.name, graph.output().shape.back(), classes);
  }

  void make_teacher(const Graph& student) {
    if (options_.distill_weight == 0) return;
    if (!hooks_.teacher) fail("distillation needs a teacher: a float network of the same classes");
    const Graph teacher = to_inference(*hooks_.teacher);
    const Shape &mine = student.input().shape, &its = teacher.input().shape;
    if (its.rank() != 4 || its.h() != mine.h() || its.w() != mine.w() || its.c() != mine.c())
      fail("the teacher '{}' takes {}, but '{}' takes {}", teacher.name, its.str(), student.name, mine.str());
    if (teacher.output().shape.back() != student.output().shape.back())
      fail("the teacher '{}' has {} classes, but '{}' has {}", teacher.name, teacher.output().shape.back(),
           student.name, student.output().shape.back());
    teacher_ = make_cpu_backend(teacher, options_, nullptr, BackendUse::kAnswers);
  }

  LoaderOptions loader_options(const Graph& graph, bool training) const {
    const Shape& input = graph.input().shape;
    LoaderOptions options{.h = static_cast<int>(input.h()),
                          .w = static_cast<int>(input.w()),
                          .c = static_cast<int>(input.c()),
                          .batch = options_.batch,
                          .shuffle = training,
                          .drop_last = training,
                          .preprocessing = options_.preprocessing,
                          .seed = options_.seed,
                          .threads = options_.loader_threads};
    if (training) options.augmentation = options_.augmentation;
    return options;
  }

  Graph trained_graph() const {
    Graph graph = backend_->weights(use_ema());
    graph.preprocessing = options_.preprocessing;
    graph.labels = data_->classes();
    return graph;
  }

  bool use_ema() const { return options_.ema_decay > 0; }

  void resume() {
    if (!options_.resume || options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return;
    const std::string name = options_.checkpoint.string();
    training::Checkpoint read = training::decode(read_file(options_.checkpoint), name);
    if (read.fingerprint != at_.fingerprint)
      fail("cannot resume from '{}': it belongs to another network, data set or other options", name);
    backend_->restore(read.backend);
    at_ = std::move(read);
    at_.backend.clear();
  }

  void save() {
    if (options_.checkpoint.empty()) return;
    at_.backend = backend_->state();
    write_file(options_.checkpoint, training::encode(at_));
    at_.backend.clear();
    last_checkpoint_ = seconds_now();
  }

  void run_epoch() {
    const std::int64_t batches = loader_->batches_per_epoch();
    loader_->start_epoch(at_.epoch, at_.batches);
    double rate = 0;
    for (Batch batch; at_.batches < batches;) {
      const double start = seconds_now();
      if (!loader_->next(batch)) break;
      const std::int64_t step = at_.epoch * batches + at_.batches;
      const double done = static_cast<double>(step) / static_cast<double>(batches);
      rate = training::learning_rate_at(options_, done);
      const std::vector<float> taught = teacher_ ? teacher_->logits(batch, false) : std::vector<float>();
      const StepResult result = backend_->step(batch, {.learning_rate = rate,
                                                       .step = static_cast<std::uint64_t>(step),
                                                       .freeze_bn = done >= options_.freeze_bn_from * options_.epochs,
                                                       .teacher_logits = taught});
      if (!(result.loss < 1e30))
        fail("the training diverged: the loss is {} in epoch {} (learning rate {:.3g}); try a smaller learning rate",
             result.loss, at_.epoch + 1, rate);
      at_.loss_sum += result.loss;
      at_.correct += result.correct;
      ++at_.batches;
      at_.seconds += seconds_now() - start;
      if (hooks_.step)
        hooks_.step(static_cast<double>(step + 1) / static_cast<double>(batches), images_per_s(),
                    at_.loss_sum / static_cast<double>(at_.batches));
      if (interrupt_requested()) {
        save();
        throw Interrupted();
      }
      if (seconds_now() - last_checkpoint_ > options_.checkpoint_seconds) save();
    }
    finish_epoch(rate);
  }

  double images_per_s() const {
    return static_cast<double>(at_.batches * options_.batch) / std::max(at_.seconds, 1e-9);
  }

  void finish_epoch(double rate) {
    const auto steps = static_cast<double>(std::max<std::int64_t>(at_.batches, 1));
    EpochRecord record{.epoch = static_cast<int>(at_.epoch + 1),
                       .learning_rate = rate,
                       .loss = at_.loss_sum / steps,
                       .train_top1 = static_cast<double>(at_.correct) / (steps * options_.batch),
                       .images_per_s = images_per_s(),
                       .seconds = at_.seconds};
    if (validation_loader_)
      record.validation_top1 = hooks_.validate ? hooks_.validate(trained_graph(), *validation_) : validate();
    at_.history.push_back(record);
    ++at_.epoch;
    at_.batches = at_.correct = 0;
    at_.loss_sum = at_.seconds = 0;
    if (hooks_.epoch) hooks_.epoch(record);
    stopped_ = hooks_.stop && hooks_.stop(record);
    if (at_.epoch == options_.epochs || stopped_) save();
  }

  double validate() {
    validation_loader_->start_epoch(0);
    std::int64_t correct = 0, images = 0;
    for (Batch batch; validation_loader_->next(batch);) {
      correct += backend_->count_correct(batch, use_ema());
      images += batch.size;
      if (interrupt_requested()) {
        save();
        throw Interrupted();
      }
    }
    return images == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(images);
  }

  std::shared_ptr<const Dataset> data_, validation_;
  TrainOptions options_;
  const TrainHooks& hooks_;
  std::unique_ptr<TrainBackend> backend_, teacher_;
  std::unique_ptr<Loader> loader_, validation_loader_;
  training::Checkpoint at_;
  double last_checkpoint_ = 0;
  bool stopped_ = false;
};

}  // namespace

TrainResult train(const Graph& graph, std::shared_ptr<const Dataset> data, std::shared_ptr<const Dataset> validation,
                  const TrainOptions& options, const TrainHooks& hooks) {
  return Training(graph, std::move(data), std::move(validation), options, hooks).run();
}

}  // namespace Atoll
