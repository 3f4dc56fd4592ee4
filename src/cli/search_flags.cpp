#include "cli/search_flags.h"

#include <fmt/format.h>

#include <cmath>

#include "atoll/error.h"
#include "base/file.h"

namespace Atoll::cli {
namespace {

constexpr double kMebi = 1024.0 * 1024.0;

SpaceOptions space_options(const SearchFlags& flags, const Dataset& data) {
  const ZooOptions size = ModelArgument{.model = "", .input = flags.input}.zoo_options();
  const Image first = data.image(0);
  SpaceOptions options{.h = size.h > 0 ? size.h : first.h,
                       .w = size.w > 0 ? size.w : first.w,
                       .channels = first.c,
                       .classes = static_cast<int>(data.classes().size())};
  if (flags.space.ends_with(".json")) options.table = read_text(flags.space, 1 << 20);
  return options;
}

std::optional<std::int64_t> bytes(double mebibytes) {
  if (mebibytes < 0) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(mebibytes * kMebi));
}

ProxyOptions proxy_options(const Cli& cli, const SearchFlags& flags, const Dataset& data) {
  ProxyOptions proxy = flags.proxy;
  proxy.seed = cli.common.seed;
  proxy.schedule.threads = cli.common.threads;
  if (flags.images < 0) fail("--images is {}, but must be 0 or more", flags.images);
  const bool share = flags.images > 0 && flags.images < 1;
  proxy.images = std::llround(share ? std::max(1.0, flags.images * static_cast<double>(data.size())) : flags.images);
  if (!flags.proxy_input.empty()) {
    const ZooOptions size = ModelArgument{.model = "", .input = flags.proxy_input}.zoo_options();
    proxy.h = size.h;
    proxy.w = size.w;
  }
  return proxy;
}

}  // namespace

PreparedSearch prepare(const Cli& cli, const SearchFlags& flags) {
  PreparedSearch p;
  p.data = open_dataset(flags.data, Split::kTrain);
  p.target = open_target(flags.target);
  p.task.data = absolute_reference(flags.data);
  p.task.target = flags.target;
  p.task.space = flags.space;
  p.task.size = space_options(flags, *p.data);
  p.task.proxy = proxy_options(cli, flags, *p.data);
  note_data(p.task, *p.data);
  p.space = make_space(flags.space, p.task.size);

  SearchOptions& options = p.options = flags.search;
  options.seed = cli.common.seed;
  options.reward = reward_named(flags.reward);
  options.reward.beta = options.oneshot.beta;
  if (!flags.exponents.empty()) {
    options.reward.below = flags.exponents.at(0);
    options.reward.above = flags.exponents.at(1);
  }
  options.max_work = flags.max_work_mmacs * 1e6;
  options.max_size_bytes = bytes(flags.max_size_mib);
  options.max_memory_bytes = bytes(flags.max_memory_mib);
  options.max_offchip_bytes = bytes(flags.max_offchip_mib);
  options.prerank = !flags.no_prerank;
  options.objectives.clear();
  for (const std::string& name : flags.pareto) options.objectives.push_back(objective_named(name));
  if (options.algorithm == "oneshot") {
    require_sane(options.oneshot);
    if (options.candidates == 0) options.candidates = std::max(options.trained, options.oneshot.judged);
  }
  if (options.candidates == 0) options.candidates = 16 * options.trained;
  if (!options.rungs.empty() && options.rungs.back() >= flags.proxy.schedule.epochs)
    fail("--rungs ends at epoch {}, but a proxy training of --epochs {} is over then", options.rungs.back(),
         flags.proxy.schedule.epochs);
  if (options.resume && options.store.empty()) fail("--resume needs --store: there is nothing to go on with");
  options.settings = fmt::format("data {}, target {}, input {}x{}, {}", flags.data, p.target->name(), p.task.size.h,
                                 p.task.size.w, settings_text(p.task.proxy));
  options.task = to_json(p.task);
  return p;
}

namespace {

// Flags of --algorithm oneshot; what they mean in full is in atoll/oneshot.h.
void declare(CLI::App* command, OneShotOptions& o) {
  const auto option = [&](const char* name, auto& value, const char* text) {
    command->add_option(name, value, std::string("oneshot: ") + text)->capture_default_str()->group("One-shot search");
  };
  option("--supernet-epochs", o.epochs, "of the shared weights, over all images that are not held out");
  option("--supernet-batch", o.batch, "images");
  option("--supernet-batches", o.batches, "trained on for each network that is drawn");
  option("--supernet-warmup", o.warmup, "share of the steps before the choices begin to move");
  option("--supernet-limit", o.limit, "networks that need more of a budget are not trained; 0: all are");
  option("--supernet-rate", o.learning_rate, "learning rate of the shared weights at its peak");
  option("--supernet-rate-warmup", o.learning_warmup, "share of the steps in which it grows from 0");
  option("--supernet-momentum", o.momentum, "of the shared weights");
  option("--supernet-weight-decay", o.weight_decay, "of the shared weights");
  option("--supernet-smoothing", o.label_smoothing, "of their labels");
  option("--reward-batches", o.judge_batches, "of held-out images for each reward");
  option("--policy-rate", o.policy_rate, "learning rate of the choices");
  option("--baseline-decay", o.baseline_decay, "of the moving mean of the rewards");
  option("--beta", o.beta, "reward = accuracy + beta * |latency / budget - 1|");
  option("--finalists", o.judged, "networks judged by the shared weights in the end; --trials of them are trained");
  option("--finalist-images", o.judge_images, "held-out images that each is judged on; 0: all");
  option("--supernet", o.checkpoint,
         "file that a resumed search goes on from; default: beside a --store that is a file");
  option("--supernet-seconds", o.checkpoint_seconds, "between two of them");
}

// Flags of --algorithm ppo; what they mean in full is in atoll/search.h.
void declare(CLI::App* command, PpoOptions& o) {
  const auto count = [&](const char* name, int& value, int least, const char* text) {
    command->add_option(name, value, std::string("ppo: ") + text)
        ->capture_default_str()
        ->check(CLI::Range(least, 100000))
        ->group("Reinforcement learning");
  };
  const auto number = [&](const char* name, double& value, const char* text) {
    command->add_option(name, value, std::string("ppo: ") + text)
        ->capture_default_str()
        ->check(CLI::Range(0.0, 100.0))
        ->group("Reinforcement learning");
  };
  count("--ppo-hidden", o.hidden, 1, "units of the controller's LSTM");
  count("--ppo-embedding", o.embedding, 1, "size of its choice vectors");
  count("--ppo-batch", o.batch, 1, "rewards to an update");
  count("--ppo-elites", o.elites, 0, "of the best so far, seen again by every update");
  count("--ppo-epochs", o.epochs, 1, "Adam steps to an update");
  number("--ppo-rate", o.learning_rate, "learning rate");
  number("--ppo-clip", o.clip, "of the ratio of probabilities");
  number("--ppo-entropy", o.entropy, "weight of the entropy");
  command->add_option("--ppo-by-rank", o.by_rank, "ppo: advantage by the rank of a reward; false: over a moving mean")
      ->capture_default_str()
      ->group("Reinforcement learning");
  number("--ppo-baseline-decay", o.baseline_decay, "of that moving mean");
  count("--ppo-first", o.first, 0, "rewards before there is a critic; 0: as many as the space has decisions");
  count("--ppo-pool", o.pool, 0, "samples of the controller that the critic chooses from; 0: no critic");
  count("--ppo-neighbours", o.neighbours, 0, "of the best so far, whose neighbours are in its pool");
  count("--ppo-bred", o.bred, 0, "candidates of its pool crossed from the best");
  count("--ppo-random", o.random, 0, "candidates of its pool drawn at random");
  count("--ppo-short-list", o.short_list, 1, "of its pool, whose uncertainty is looked at");
}

}  // namespace

void declare(CLI::App* command, SearchFlags& flags) {
  flags.search.candidates = 0;
  flags.proxy.schedule = {.epochs = 2, .warmup_epochs = 0.3, .loader_threads = 1};
  SearchOptions& search = flags.search;
  TrainOptions& schedule = flags.proxy.schedule;
  command->add_option("--data", flags.data, "fashion-mnist or KIND:PATH")->required();
  command->add_option("--target", flags.target, "what will run the network")->capture_default_str();
  command->add_option("--latency-ms", search.latency_budget_ms, "slower candidates are never trained")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--max-size", flags.max_size_mib, "MiB of parameters, as the target stores them")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-memory", flags.max_memory_mib, "MiB of activations at a time")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-offchip", flags.max_offchip_mib, "MiB of parameters that the chip's memory does not hold")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--space", flags.space, "one of: " + fmt::format("{}", fmt::join(space_names(), ", ")))
      ->capture_default_str();
  command
      ->add_option("--algorithm", search.algorithm,
                   "one of: " + fmt::format("{}", fmt::join(search_algorithm_names(), ", ")))
      ->capture_default_str();
  command->add_option("--trials", search.trained, "candidates that are trained")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--candidates", search.candidates, "candidates judged by latency; 0: 16 for each trial")
      ->check(CLI::Range(0, 100000000))
      ->capture_default_str();
  command->add_option("--pareto", flags.pareto, "what the front is of: accuracy, latency, size, memory")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--store", search.store, "SQLite file or postgresql:// URL that keeps every trial");
  command->add_flag("--resume", search.resume, "go on with the search in --store");
  command->add_option("--workers", search.workers, "trials offered at a time to `atoll worker`; 0: trained here")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command->add_option("--input", flags.input, "resolution, N or HxW; default: that of the first image");
  command->add_option("--max-work", flags.max_work_mmacs, "million MACs an image that a training may cost; 0: any")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--population", search.population, "of the algorithm; 0: by --trials")
      ->check(CLI::Range(0, 100000));
  command->add_flag("--no-prerank", flags.no_prerank, "train candidates in the order of asking");
  command->add_option("--epochs", schedule.epochs, "of a proxy training")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--images", flags.images, "of a proxy training: a number, or a share as in 0.2; 0: all")
      ->capture_default_str();
  command->add_option("--proxy-input", flags.proxy_input, "resolution of a proxy training; default: --input");
  command->add_option("--validation", flags.proxy.validation, "images held out to judge by")->capture_default_str();
  command->add_option("--rungs", search.rungs, "epochs at which hopeless trainings are stopped, as in 2,4")
      ->delimiter(',');
  command->add_option("--eta", search.eta, "of so many trainings, one passes a rung")->capture_default_str();
  command->add_option("--batch", schedule.batch, "of a proxy training")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--learning-rate", schedule.learning_rate, "at the peak")->capture_default_str();
  command->add_flag("--flip", schedule.augmentation.flip, "mirror half of the images");
  command->add_option("--shift", schedule.augmentation.shift_pixels, "shift images by so many pixels");
  command
      ->add_option(
          "--reward", flags.reward,
          "what ppo learns from: hard, soft (MnasNet's accuracy * (latency / budget)^w) or absolute (TuNAS's, with "
          "--beta)")
      ->capture_default_str();
  command->add_option("--reward-exponents", flags.exponents, "w within the budget and over it, in place of --reward's")
      ->delimiter(',')
      ->expected(2);
  declare(command, search.ppo);
  declare(command, search.oneshot);
  command->add_option("-o,--output", flags.output, "architecture file (.json) for the best network");
}

}  // namespace Atoll::cli
