// The CPU's TrainBackend: the batch is shared out among the threads of a pool; each runs the whole network on
// its images, without any barrier but those of the batch statistics; then the values are updated in ranges.
#include "train/cpu/backend.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "atoll/error.h"
#include "train/bytes.h"
#include "train/cpu/dnnl_support.h"
#include "train/loss.h"

namespace Atoll::training::cpu {
namespace {

int shard_count(const TrainOptions& options) {
  if (options.batch < 1) fail("a batch of {} is impossible: it must be at least 1", options.batch);
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  return std::min(threads, options.batch);
}

}  // namespace

CpuBackend::CpuBackend(const Graph& graph, const TrainOptions& options, ValueTransform* transform, BackendUse use)
    : graph_(graph),
      options_(options),
      parameters_(graph),
      optimizer_(options, parameters_),
      pool_(shard_count(options)),
      exchange_(pool_.size()),
      transform_(transform) {
  classes_ = graph_.tensor(list_layers(graph_).logits).shape.back();
  const Shape& input = graph_.input().shape;
  image_floats_ = input.elements() / input[0];
  if (transform_)
    transform_->attach(
        graph_, {.offset = parameters_.offset, .trained = parameters_.trained, .values = parameters_.values.size()});
  if (use == BackendUse::kAnswers) return;
  make_shards(true, training_);
  gradients_.resize(training_.size());
  for (std::vector<float>& gradient : gradients_) gradient.assign(parameters_.trained, 0.0f);
}

const float* CpuBackend::effective(const std::vector<float>& constants) {
  if (!transform_) return constants.data();
  effective_ = constants;
  transform_->apply(constants, effective_);
  return effective_.data();
}

void CpuBackend::make_shards(bool training, std::vector<std::unique_ptr<Shard>>& shards) {
  const std::int64_t count = pool_.size(), batch = options_.batch;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t begin = batch * i / count, end = batch * (i + 1) / count;
    shards.push_back(std::make_unique<Shard>(graph_, parameters_, exchange_,
                                             ShardOptions{.shard = static_cast<int>(i),
                                                          .shards = static_cast<int>(count),
                                                          .first_image = begin,
                                                          .images = end - begin,
                                                          .batch = batch,
                                                          .training = training,
                                                          .bn_momentum = options_.bn_momentum,
                                                          .seed = options_.seed}));
  }
}

void CpuBackend::check(const Batch& batch) const {
  const auto size = static_cast<std::size_t>(batch.size);
  if (batch.labels.size() != size || batch.images.size() != size * static_cast<std::size_t>(image_floats_))
    fail("a batch of {} images has {} labels and {} values, but should have {} values for each image", batch.size,
         batch.labels.size(), batch.images.size(), image_floats_);
  if (batch.mixed_labels.size() != batch.mixed_share.size() ||
      (!batch.mixed_labels.empty() && batch.mixed_labels.size() != size))
    fail("a batch of {} images has {} mixed labels and {} shares", batch.size, batch.mixed_labels.size(),
         batch.mixed_share.size());
  check_labels(batch, classes_);
}

Loss CpuBackend::run_shard(std::size_t number, const Batch& batch, const StepOptions& options) {
  const SingleThreaded single;
  Shard& shard = *training_[number];
  const Pass pass{.constants = transform_ ? effective_.data() : parameters_.values.data(),
                  .gradients = gradients_[number].data(),
                  .statistics = number == 0 && !options.freeze_bn ? parameters_.values.data() : nullptr,
                  .step = options.step,
                  .freeze_bn = options.freeze_bn};
  shard.forward(pass, batch.images.data() + shard.first_image() * image_floats_);
  Loss loss = cross_entropy(batch, shard.first_image(), shard.images(), classes_, shard.logits(),
                            options_.label_smoothing, shard.logits_gradient());
  if (!options.teacher_logits.empty())
    add_distillation({options_.distill_weight, options_.distill_temperature}, batch.size, shard.images(), classes_,
                     shard.logits(), options.teacher_logits.data() + shard.first_image() * classes_, loss,
                     shard.logits_gradient());
  shard.backward(pass);
  return loss;
}

void CpuBackend::check_step(const Batch& batch) const {
  if (failed_) fail("an earlier step failed, so this training cannot go on: restore it in a new one");
  if (training_.empty()) fail("'{}' was made to answer, not to be trained", graph_.name);
  if (batch.size != options_.batch)
    fail("a training step got {} images, but was made for {}", batch.size, options_.batch);
  check(batch);
}

template <typename Run>
StepResult CpuBackend::run_shards(const Batch& batch, const Run& run) {
  std::vector<Loss> losses(training_.size());
  pool_.for_each(static_cast<std::int64_t>(training_.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    try {
      losses[at] = run(at);
    } catch (...) {
      failed_ = true;
      exchange_.leave();
      throw;
    }
  });
  StepResult result;
  for (const Loss& loss : losses) {
    result.loss += loss.sum / static_cast<double>(batch.size);
    result.correct += loss.correct;
  }
  return result;
}

StepResult CpuBackend::look(const Batch& batch) {
  check_step(batch);
  effective(parameters_.values);
  return run_shards(batch, [&](std::size_t i) {
    const SingleThreaded single;
    Shard& shard = *training_[i];
    shard.forward({.constants = transform_ ? effective_.data() : parameters_.values.data()},
                  batch.images.data() + shard.first_image() * image_floats_);
    return cross_entropy(batch, shard.first_image(), shard.images(), classes_, shard.logits(), 0, nullptr);
  });
}

StepResult CpuBackend::step(const Batch& batch, const StepOptions& options) {
  check_step(batch);
  if (!options.teacher_logits.empty() &&
      static_cast<std::int64_t>(options.teacher_logits.size()) != batch.size * classes_)
    fail("the teacher gave {} logits for {} images of {} classes", options.teacher_logits.size(), batch.size, classes_);
  if (transform_) {
    transform_->begin_step(options.step, parameters_.values);
    effective(parameters_.values);
  }
  const StepResult result = run_shards(batch, [&](std::size_t i) { return run_shard(i, batch, options); });
  if (transform_)
    for (std::vector<float>& gradient : gradients_) transform_->backward(gradient);
  std::vector<const float*> gradients;
  for (const std::vector<float>& gradient : gradients_) gradients.push_back(gradient.data());
  pool_.for_ranges(static_cast<std::int64_t>(parameters_.values.size()),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     optimizer_.update(parameters_, gradients, options.learning_rate, updates_,
                                       static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
                   });
  ++updates_;
  return result;
}

const std::vector<float>& CpuBackend::constants(bool use_ema) const {
  return use_ema && !optimizer_.average().empty() ? optimizer_.average() : parameters_.values;
}

template <typename Body>
void CpuBackend::infer(const Batch& batch, bool use_ema, const Body& body) {
  check(batch);
  if (inference_.empty()) make_shards(false, inference_);
  const float* values = effective(constants(use_ema));
  for (std::int64_t begin = 0; begin < batch.size; begin += options_.batch) {
    const std::int64_t size = std::min<std::int64_t>(options_.batch, batch.size - begin);
    pool_.for_each(static_cast<std::int64_t>(inference_.size()), [&](std::int64_t i) {
      const SingleThreaded single;
      Shard& shard = *inference_[static_cast<std::size_t>(i)];
      const std::int64_t images = std::clamp<std::int64_t>(size - shard.first_image(), 0, shard.images());
      if (images == 0) return;
      const float* first = batch.images.data() + (begin + shard.first_image()) * image_floats_;
      std::vector<float> filled;  // the last shard in use, filled up with zeros
      if (images < shard.images()) {
        filled.assign(static_cast<std::size_t>(shard.images() * image_floats_), 0.0f);
        std::copy_n(first, images * image_floats_, filled.begin());
        first = filled.data();
      }
      shard.forward({.constants = values}, first);
      body(static_cast<std::size_t>(i), shard, begin + shard.first_image(), images);
    });
  }
}

std::int64_t CpuBackend::count_correct(const Batch& batch, bool use_ema) {
  std::vector<std::int64_t> found(static_cast<std::size_t>(pool_.size()), 0);
  infer(batch, use_ema, [&](std::size_t i, const Shard& shard, std::int64_t first, std::int64_t images) {
    found[i] += cross_entropy(batch, first, images, classes_, shard.logits(), 0, nullptr).correct;
  });
  return std::accumulate(found.begin(), found.end(), std::int64_t{0});
}

std::vector<float> CpuBackend::logits(const Batch& batch, bool use_ema) {
  std::vector<float> result(static_cast<std::size_t>(batch.size * classes_));
  infer(batch, use_ema, [&](std::size_t, const Shard& shard, std::int64_t first, std::int64_t images) {
    std::copy_n(shard.logits(), images * classes_, result.data() + first * classes_);
  });
  return result;
}

Graph CpuBackend::weights(bool use_ema) const { return parameters_.write_to(graph_, constants(use_ema)); }

std::vector<std::byte> CpuBackend::state() const {
  ByteWriter writer;
  writer.put(updates_);
  writer.put_array(std::span<const float>(parameters_.values));
  for (const std::vector<float>* array : optimizer_.arrays()) writer.put_array(std::span<const float>(*array));
  if (transform_) writer.put_array(std::span<const std::byte>(transform_->state()));
  return writer.take();
}

void CpuBackend::restore(std::span<const std::byte> state) {
  ByteReader reader(state);
  const auto updates = reader.get<std::uint64_t>();
  Parameters parameters = parameters_;
  OptimizerState optimizer = optimizer_;
  reader.get_array(std::span(parameters.values), "the network's constants");
  for (std::vector<float>* array : optimizer.arrays()) reader.get_array(std::span(*array), "the optimizer");
  const std::vector<std::byte> transform =
      transform_ ? reader.get_vector<std::byte>(state.size()) : std::vector<std::byte>();
  if (!reader.at_end()) fail("the checkpoint is longer than this training's state");
  if (transform_) transform_->restore(transform);
  parameters_ = std::move(parameters);
  optimizer_ = std::move(optimizer);
  updates_ = updates;
}

void CpuBackend::time_layers(bool on) {
  for (const auto& shard : training_) shard->time_layers(on);
}
std::vector<Shard::LayerTime> CpuBackend::layer_times() const { return training_.front()->layer_times(); }
std::size_t CpuBackend::arena_bytes() const {
  std::size_t bytes = 0;
  for (const auto& shard : training_) bytes += shard->arena_bytes();
  return bytes;
}
std::span<const float> CpuBackend::gradient(TensorId constant, int shard) const {
  return std::span(gradients_[static_cast<std::size_t>(shard)])
      .subspan(parameters_.offset[static_cast<std::size_t>(constant)],
               static_cast<std::size_t>(graph_.tensor(constant).elements()));
}

}  // namespace Atoll::training::cpu

namespace Atoll {

std::unique_ptr<TrainBackend> make_cpu_backend(const Graph& graph, const TrainOptions& options,
                                               ValueTransform* transform, BackendUse use) {
  return std::make_unique<training::cpu::CpuBackend>(graph, options, transform, use);
}

}  // namespace Atoll
