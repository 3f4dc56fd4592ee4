// Proxy: how a search judges a candidate without training it fully. Latency comes from a target, accuracy from a
// short training on part of the training images, perhaps smaller ones, seen on held-out ones; test images are never
// touched.
#pragma once

#include <memory>
#include <string>

#include "atoll/data.h"
#include "atoll/search.h"
#include "atoll/target.h"
#include "atoll/train.h"

namespace Atoll {

struct ProxyOptions {
  std::int64_t images = 10000;     // trained on, every class by its share; 0: all that are not held out
  std::int64_t validation = 5000;  // held out; no more than a fifth of the images
  TrainOptions schedule;           // its seed is replaced by one of the trial's own
  std::uint64_t seed = 0;
  int h = 0, w = 0;  // pixels that it is trained and judged at; 0: the network's own
};

// Latency, parameters and activations of the network as it will ship, the latency infinite where an op does not map,
// and proxy accuracy. `data` is the training split. Keeps the data set and the target alive.
Objectives proxy_objectives(std::shared_ptr<const Dataset> data, std::shared_ptr<const Target> target,
                            const ProxyOptions& options);

// The initial weights and the training seed that a trial has: build, initialize, train.
Graph initial_weights(const Graph& graph, std::uint64_t trial_seed);
TrainResult train_trial(const Graph& graph, std::uint64_t trial_seed, std::shared_ptr<const Dataset> data,
                        std::shared_ptr<const Dataset> validation, TrainOptions schedule, const TrainHooks& hooks = {});

// The pictures of a proxy training, and those it is judged on: part of `data`, the training split.
struct ProxyData {
  std::shared_ptr<const Dataset> train, validation;
};
ProxyData proxy_data(std::shared_ptr<const Dataset> data, const ProxyOptions& options);
// The same network for pictures of the proxy's resolution.
Graph at_resolution(Graph graph, const ProxyOptions& options);

// What of these options the scores depend on, in words, for the settings of a trial store.
std::string settings_text(const ProxyOptions& options);

}  // namespace Atoll
