#include "fit/plan.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "base/file.h"
#include "base/timer.h"
#include "format/json_nesting.h"
#include "format/json_object.h"

namespace Atoll {
namespace {

constexpr int kBatch = 32;          // its activations stay in the cache, and it takes more steps (docs/training.md)
constexpr int kMinTrained = 8;      // candidates trained by proxy, at least
constexpr int kMinFinalEpochs = 8;  // a network that cannot be trained so long is too large for the time
constexpr int kManyEpochs = 15;
constexpr double kSearchShare = 0.28;  // of the time, for the proxies;
constexpr double kFinalShare = 0.62;   // for the final training; the rest measures, evaluates and writes

struct Candidate {
  Graph graph;
  double work = 0;
};

// Candidates at the lower and upper decile of a random sample by the work of training them.
std::pair<Candidate, Candidate> small_and_large(const Space& space, std::uint64_t seed) {
  Rng rng(seed, 0x706c616e);
  std::vector<Candidate> sample;
  for (int i = 0; i < 24; ++i) {
    Graph graph = space.build(random_genotype(space, rng));
    const double work = training_work(graph);
    sample.push_back({std::move(graph), work});
  }
  std::sort(sample.begin(), sample.end(), [](const auto& a, const auto& b) { return a.work < b.work; });
  return {sample[2], sample[sample.size() - 3]};
}

double images_per_s(const Graph& graph, const FitSettings& settings, TrainOptions options, double max_seconds) {
  Rng rng(settings.seed, 1);
  const std::unique_ptr<TrainBackend> backend = make_cpu_backend(initialize(graph, rng), options);
  Batch batch;
  batch.size = options.batch;
  batch.images.resize(static_cast<std::size_t>(options.batch) * static_cast<std::size_t>(settings.h * settings.w) *
                      static_cast<std::size_t>(settings.channels));
  for (float& value : batch.images) value = static_cast<float>(rng.uniform(-1, 1));
  for (int i = 0; i < options.batch; ++i) batch.labels.push_back(i % settings.classes);
  std::uint64_t step = 0;
  const Timing timing = measure([&] { backend->step(batch, {.learning_rate = 1e-4, .step = step++}); },
                                {.warmup_runs = 2, .min_runs = 3, .min_seconds = 1.0, .max_seconds = max_seconds});
  return options.batch / (timing.median_ms / 1e3);
}

constexpr auto kEachSetting = [](auto& s, auto field) {
  field("data", s.data);
  field("target", s.target);
  field("space", s.space);
  field("algorithm", s.algorithm);
  field("latency_ms", s.latency_ms);
  field("h", s.h);
  field("w", s.w);
  field("channels", s.channels);
  field("classes", s.classes);
  field("flip", s.flip);
  field("skip_bad", s.skip_bad);
  field("seed", s.seed);
};

constexpr auto kEachCount = [](auto& p, auto field) {
  field("candidates", p.candidates);
  field("trained", p.trained);
  field("proxy_images", p.proxy_images);
  field("proxy_epochs", p.proxy_epochs);
  field("final_epochs", p.final_epochs);
  field("max_work", p.max_work);
  field("threads", p.threads);
  field("small_images_per_s", p.small_images_per_s);
  field("large_images_per_s", p.large_images_per_s);
  field("small_work", p.small_work);
  field("large_work", p.large_work);
};

FitPlan plan_from(const nlohmann::json& json, const std::string& where) {
  format::JsonObject object(json, where);
  const auto p = format::record_of<FitPlan>(object, kEachCount);
  if (p.candidates < 1 || p.trained < 1 || p.proxy_images < 1 || p.proxy_epochs < 1 || p.final_epochs < 0 ||
      p.threads < 1 || p.threads > 1024 || !(p.small_images_per_s > 0) || !(p.large_images_per_s > 0))
    fail("{} has a plan that cannot be carried out: every count and speed must be above 0", where);
  return p;
}

TrainOptions common_schedule(const FitSettings& settings, const FitPlan& plan) {
  TrainOptions options;
  options.batch = kBatch;
  options.optimizer = Optimizer::kSgd;
  options.learning_rate = 0.1;
  options.schedule = Schedule::kCosine;
  options.weight_decay = 5e-4;
  options.label_smoothing = 0.05;
  options.augmentation.flip = settings.flip;
  options.seed = settings.seed;
  options.threads = plan.threads;
  return options;
}

}  // namespace

nlohmann::json to_json(const FitSettings& settings) { return format::json_of(settings, kEachSetting); }

nlohmann::json to_json(const FitPlan& plan) { return format::json_of(plan, kEachCount); }

SavedRun read_run(const std::filesystem::path& path) {
  const std::string where = fmt::format("'{}'", path.string());
  const std::string text = read_text(path, 1 << 28);
  format::check_nesting(text, where);
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) fail("{} is not JSON", where);
  format::JsonObject run(json, where);
  if (run.text("format") != "atoll-fit") fail("{} is not a result of atoll fit", where);
  if (const std::int64_t version = run.integer("version", 0, 1 << 30); version != 1)
    fail("{} has version {}, but this atoll reads version 1", where, version);
  format::JsonObject settings(run.get("settings"), where + " (settings)");
  return {format::record_of<FitSettings>(settings, kEachSetting), plan_from(run.get("plan"), where + " (plan)")};
}

TrainOptions proxy_schedule(const FitSettings& settings, const FitPlan& plan) {
  TrainOptions options = common_schedule(settings, plan);
  options.epochs = plan.proxy_epochs;
  options.warmup_epochs = 0.3;
  return options;
}

TrainOptions final_schedule(const FitSettings& settings, const FitPlan& plan) {
  TrainOptions options = common_schedule(settings, plan);
  options.epochs = plan.final_epochs;
  options.warmup_epochs = std::min(1.0, 0.1 * plan.final_epochs);
  options.ema_decay = 0.999;
  // A network that sees its pictures only a few times learns nothing by heart; moving them about would cost it.
  if (plan.final_epochs >= kManyEpochs)
    options.augmentation.shift_pixels = std::max(1, std::min(settings.h, settings.w) / 14);
  return options;
}

double seconds_per_image(const FitPlan& plan, double work) {
  const double small = 1 / plan.small_images_per_s, large = 1 / plan.large_images_per_s;
  if (plan.large_work <= plan.small_work || large <= small) return large * work / std::max(1.0, plan.large_work);
  const double slope = (large - small) / (plan.large_work - plan.small_work);
  return std::max(small + slope * (work - plan.small_work), 0.3 * small);
}

int epochs_within(const FitPlan& plan, double work, std::int64_t images, double seconds) {
  const double epoch = seconds_per_image(plan, work) * static_cast<double>(images);
  return static_cast<int>(std::clamp(seconds / epoch, 1.0, 300.0));
}

FitPlan make_plan(const Space& space, const FitSettings& settings, std::int64_t train_images, double seconds,
                  int threads) {
  FitPlan plan;
  plan.threads = threads;
  const auto [small, large] = small_and_large(space, settings.seed);
  TrainOptions options = proxy_schedule(settings, plan);
  const double max_seconds = std::clamp(0.02 * seconds, 0.5, 10.0);
  plan.small_work = small.work;
  plan.large_work = large.work;
  plan.small_images_per_s = images_per_s(small.graph, settings, options, max_seconds);
  plan.large_images_per_s = images_per_s(large.graph, settings, options, max_seconds);

  // The most work at which the final training reaches kMinFinalEpochs, but never below the small candidate's.
  plan.max_work = small.work;
  for (int step = 1; step <= 64; ++step) {
    const double work = small.work + (2 * large.work - small.work) * step / 64;
    if (epochs_within(plan, work, train_images, kFinalShare * seconds) >= kMinFinalEpochs) plan.max_work = work;
  }

  // Images that each proxy may see, all of them as costly as a network three quarters up to the limit.
  const double image_s = seconds_per_image(plan, (small.work + 3 * plan.max_work) / 4);
  const double images = kSearchShare * seconds / image_s;
  plan.trained = std::clamp<std::int64_t>(static_cast<std::int64_t>(images / 60000), kMinTrained, 16);
  const auto per_proxy = std::max<std::int64_t>(kBatch, static_cast<std::int64_t>(images) / plan.trained);
  plan.proxy_epochs =
      static_cast<int>(std::clamp<std::int64_t>(per_proxy / std::max<std::int64_t>(1, train_images / 4), 2, 8));
  plan.proxy_images = std::clamp<std::int64_t>(per_proxy / plan.proxy_epochs, kBatch, train_images);
  plan.candidates = std::clamp<std::int64_t>(static_cast<std::int64_t>(seconds), 100, 2000);
  return plan;
}

std::size_t choose(const std::vector<Trial>& trials, std::int64_t validation_images) {
  double best = 0;
  for (const Trial& trial : trials)
    if (trial.status == TrialStatus::kDone) best = std::max(best, trial.scores.accuracy);
  const double error = std::sqrt(best * (1 - best) / static_cast<double>(validation_images));
  std::size_t chosen = trials.size();
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].status != TrialStatus::kDone || trials[i].scores.accuracy < best - error) continue;
    if (chosen == trials.size() || trials[i].macs > trials[chosen].macs) chosen = i;
  }
  return chosen;
}

}  // namespace Atoll
