// CpuBackend: TrainBackend on this machine's cores.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "atoll/threads.h"
#include "atoll/train.h"
#include "train/cpu/exchange.h"
#include "train/cpu/shard.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/parameters.h"

namespace Atoll::training::cpu {

class CpuBackend final : public TrainBackend {
 public:
  CpuBackend(const Graph& graph, const TrainOptions& options, ValueTransform* transform = nullptr,
             BackendUse use = BackendUse::kTraining);
  StepResult step(const Batch& batch, const StepOptions& options) override;
  StepResult look(const Batch& batch) override;
  std::int64_t count_correct(const Batch& batch, bool use_ema) override;
  std::vector<float> logits(const Batch& batch, bool use_ema) override;
  Graph weights(bool use_ema) const override;
  std::vector<std::byte> state() const override;
  void restore(std::span<const std::byte> state) override;

  // For benchmarks and tests.
  void time_layers(bool on);
  std::vector<Shard::LayerTime> layer_times() const;                    // of the first shard
  std::size_t arena_bytes() const;                                      // of all training shards
  std::span<const float> gradient(TensorId constant, int shard) const;  // of the last step

 private:
  void make_shards(bool training, std::vector<std::unique_ptr<Shard>>& shards);
  void check(const Batch& batch) const;
  void check_step(const Batch& batch) const;
  // The losses of all shards, each of which `run` answers on a thread of its own.
  template <typename Run>
  StepResult run_shards(const Batch& batch, const Run& run);
  // body(shard, first image, images) wherever the shard has computed the logits of some images of the batch.
  template <typename Body>
  void infer(const Batch& batch, bool use_ema, const Body& body);
  Loss run_shard(std::size_t shard, const Batch& batch, const StepOptions& options);
  const std::vector<float>& constants(bool use_ema) const;
  // What the network computes with: the constants themselves, or what the transform makes of them.
  const float* effective(const std::vector<float>& constants);

  Graph graph_;
  TrainOptions options_;
  Parameters parameters_;
  OptimizerState optimizer_;
  ThreadPool pool_;
  Exchange exchange_;
  std::int64_t classes_ = 0, image_floats_ = 0;
  std::uint64_t updates_ = 0;
  std::atomic<bool> failed_ = false;  // a shard threw in the middle of a step
  std::vector<std::unique_ptr<Shard>> training_, inference_;
  std::vector<std::vector<float>> gradients_;
  ValueTransform* transform_ = nullptr;
  std::vector<float> effective_;
};

}  // namespace Atoll::training::cpu
