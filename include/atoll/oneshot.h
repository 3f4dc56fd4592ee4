// One-shot search (TuNAS: Bender et al., "Can weight sharing outperform random architecture search?", 2020). A
// supernet holds the weights of every network of a space at once; each step trains those of one network that is
// drawn, while REINFORCE moves a softmax over the choices of every decision. What this leaves most probable is then
// trained from scratch, as the trials of any other search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace Atoll {

using Genotype = std::vector<int>;  // atoll/search.h

struct OneShotOptions {
  // --- the shared weights: SGD with Nesterov momentum, a cosine from the peak
  double epochs = 16;  // over the training images
  int batch = 64;      // images
  int batches = 4;     // that each network drawn is trained on
  // Share of the steps before the choices begin to move: networks are drawn uniformly, and made as wide as they can be
  // with a probability that falls from 1 to 0.
  double warmup = 0.25;
  double limit = 1.25;  // networks that need more of a budget are drawn again; 0: none is
  double learning_rate = 0.05;
  double learning_warmup = 0.025;  // share of the steps in which the learning rate grows from 0
  double momentum = 0.9, weight_decay = 1e-4, label_smoothing = 0.1;
  // --- the choices: REINFORCE, Adam without a mean (beta1 0) over a moving baseline
  int judge_batches = 4;      // of held-out images, for each reward
  double policy_rate = 0.03;  // learning rate of the logits
  double baseline_decay = 0.95;
  double beta = -0.1;  // reward = accuracy + beta * |latency / budget - 1|
  // --- what is made of them
  std::int64_t judged = 64;          // networks drawn in the end, judged by the shared weights, trained best first
  std::int64_t judge_images = 2000;  // held-out ones that each of them is judged on; 0: all
  std::filesystem::path checkpoint;  // file; empty: beside the trial store, where that is a file
  double checkpoint_seconds = 5;     // between two of them, or 20 times as long as one takes to write
};
// What of these options the result depends on, in words.
std::string settings_text(const OneShotOptions& options);
// Throws Error naming the one that cannot be.
void require_sane(const OneShotOptions& options);

// The shared weights of the networks of one space, and the images that they are trained and judged on. A function of
// its seed and of what it was asked.
class Supernet {
 public:
  virtual ~Supernet() = default;
  virtual std::int64_t batches_per_epoch() const = 0;
  // One step for each of the next so many batches of training images; the mean loss.
  virtual double train(const Genotype& genotype, int batches, double learning_rate) = 0;
  // Share of hits on the next batches of held-out images, batch norm by each batch's own statistics.
  virtual double judge(const Genotype& genotype, int batches) = 0;
  // The same on the first `images` held-out ones (0: all), the same ones for every network.
  virtual double judge_finally(const Genotype& genotype, std::int64_t images) = 0;
  virtual std::vector<std::byte> state() const = 0;
  virtual void restore(std::span<const std::byte> state) = 0;  // throws Error for one that does not fit
};

}  // namespace Atoll
