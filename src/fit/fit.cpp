#include "atoll/fit.h"

#include <algorithm>
#include <optional>

#include "atoll/compress.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/proxy.h"
#include "atoll/runtime.h"
#include "atoll/target.h"
#include "atoll/threads.h"
#include "base/file.h"
#include "base/log.h"
#include "base/timer.h"
#include "fit/plan.h"
#include "fit/summary.h"

namespace Atoll {
namespace {

constexpr std::int64_t kValidationImages = 5000;  // at most, and no more than a tenth of the training images
constexpr double kClosingShare = 0.05;            // of the time, kept for evaluation and the report
constexpr int kLargestDefaultSide = 96;           // of photographs, which have no size of their own

struct Pictures {
  std::shared_ptr<const Dataset> train, test;
};

struct Clock {
  double start = seconds_now(), budget = 0;
  double left() const { return budget - (seconds_now() - start); }
};

FitSettings resolve(const FitOptions& options, const Dataset& train) {
  if (!(options.latency_ms > 0)) fail("the latency budget is {} ms, but must be above 0", options.latency_ms);
  if (!(options.minutes > 0)) fail("the time is {} minutes, but must be above 0", options.minutes);
  if (options.algorithm == "oneshot")
    fail("fit plans by the minute, which a supernet does not keep to: use `atoll search --algorithm oneshot`");
  const Image first = train.image(0);
  FitSettings settings{.data = options.data,
                       .target = options.target,
                       .space = options.space,
                       .algorithm = options.algorithm,
                       .latency_ms = options.latency_ms,
                       .h = options.h,
                       .w = options.w,
                       .channels = first.c,
                       .classes = static_cast<int>(train.classes().size()),
                       .flip = options.flip,
                       .skip_bad = options.skip_bad,
                       .seed = options.seed};
  if (settings.h > 0) return settings;
  const bool small = std::max(first.h, first.w) <= 64;
  settings.h = small ? first.h : kLargestDefaultSide;
  settings.w = small ? first.w : kLargestDefaultSide;
  return settings;
}

Pictures open_pictures(const std::string& data, bool skip_bad) {
  Pictures pictures;
  pictures.train = open_dataset(data, Split::kTrain, {.skip_bad = skip_bad});
  pictures.test = open_dataset(data, Split::kTest, {.skip_bad = skip_bad});
  require_same_classes(*pictures.train, *pictures.test);
  return pictures;
}

void save_run(const std::filesystem::path& path, const FitSettings& settings, const FitPlan& plan) {
  const nlohmann::json json = {
      {"format", "atoll-fit"}, {"version", 1}, {"settings", to_json(settings)}, {"plan", to_json(plan)}};
  write_file(path, json.dump(2) + "\n");
}

// The search, with the trial that will be trained to the end as its best.
SearchResult find_architecture(const Space& space, const std::shared_ptr<const Target>& target,
                               const std::shared_ptr<const Dataset>& pictures, const FitSettings& settings,
                               const FitPlan& plan, const std::filesystem::path& output, bool resume) {
  Objectives objectives = proxy_objectives(pictures, target,
                                           {.images = plan.proxy_images,
                                            .validation = std::min(kValidationImages, pictures->size() / 10),
                                            .schedule = proxy_schedule(settings, plan),
                                            .seed = settings.seed});
  FitPlan search_plan = plan;
  search_plan.final_epochs = 0;  // chosen after the search, which does not depend on it
  const SearchOptions options{.algorithm = settings.algorithm,
                              .latency_budget_ms = settings.latency_ms,
                              .max_work = plan.max_work,
                              .candidates = plan.candidates,
                              .trained = plan.trained,
                              .seed = settings.seed,
                              .store = (output / "search.db").string(),
                              .resume = resume,
                              .settings = to_json(settings).dump() + to_json(search_plan).dump()};
  Progress progress("searching", static_cast<double>(plan.trained));
  std::int64_t trained = 0;
  double best = 0;
  SearchResult found = search(space, objectives, options, [&](const Trial& trial) {
    if (trial.status != TrialStatus::kDone && trial.status != TrialStatus::kFailed) return;
    best = std::max(best, trial.scores.accuracy);
    ++trained;
    progress.update(static_cast<double>(trained), fmt::format("{} of {} trained, best {:.2f}% on validation images",
                                                              trained, plan.trained, 100 * best));
  });
  found.best = choose(found.trials, objectives.validation_images);
  return found;
}

TrainResult train_finally(const Graph& graph, const Pictures& pictures, const FitSettings& settings,
                          const FitPlan& plan, const std::filesystem::path& output, bool resume) {
  TrainOptions options = final_schedule(settings, plan);
  options.checkpoint = output / "final.checkpoint";
  options.resume = resume;
  Rng rng(settings.seed, 3);
  Progress progress("training", plan.final_epochs);
  TrainHooks hooks;
  hooks.step = [&](double epochs, double images_per_s, double loss) {
    progress.update(epochs, fmt::format("epoch {:.1f} of {}  {:.0f} img/s  loss {:.3f}", epochs, plan.final_epochs,
                                        images_per_s, loss));
  };
  return train(initialize(graph, rng), pictures.train, nullptr, options, hooks);
}

Accuracy evaluate_with_progress(const char* what, const Graph& graph, const Dataset& test, int threads) {
  Progress progress(fmt::format("evaluating {}", what), static_cast<double>(test.size()));
  return evaluate(graph, test, {.threads = threads}, 0,
                  [&](std::int64_t done, std::int64_t) { progress.update(static_cast<double>(done), ""); });
}

}  // namespace

FitResult fit(const FitOptions& options) {
  Clock clock{.budget = options.minutes * 60};
  const std::filesystem::path& output = options.output;
  make_folder(output);
  std::optional<SavedRun> saved;
  if (!options.plan.empty())
    saved = read_run(options.plan);
  else if (options.resume && std::filesystem::exists(output / "plan.json"))
    saved = read_run(output / "plan.json");
  if (!options.resume)
    for (const char* name : {"search.db", "search.db-wal", "search.db-shm", "final.checkpoint", "plan.json"})
      std::filesystem::remove(output / name);

  Pictures pictures =
      open_pictures(saved ? saved->settings.data : options.data, saved ? saved->settings.skip_bad : options.skip_bad);
  const FitSettings settings = saved ? saved->settings : resolve(options, *pictures.train);
  const std::shared_ptr<const Target> target = open_target(settings.target);
  const std::unique_ptr<Space> space =
      make_space(settings.space, {settings.h, settings.w, settings.channels, settings.classes});
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  FitPlan plan;
  if (saved) {
    plan = saved->plan;
  } else {
    say("measuring the training speed");
    plan = make_plan(*space, settings, pictures.train->size(), clock.budget, threads);
  }
  const bool choose_epochs = plan.final_epochs == 0;
  save_run(output / "plan.json", settings, plan);
  say("plan: {} candidates by predicted latency, {} trained on {} images for {} epochs, {} thread(s)", plan.candidates,
      plan.trained, plan.proxy_images, plan.proxy_epochs, plan.threads);

  const SearchResult found = find_architecture(*space, target, pictures.train, settings, plan, output, options.resume);
  const Trial& best = found.trials[found.best];
  const Graph architecture = space->build(best.genotype);
  say("chosen: {}", space->describe(best.genotype));
  if (choose_epochs) {
    plan.final_epochs =
        epochs_within(plan, best.work, pictures.train->size(), clock.left() - kClosingShare * clock.budget);
    save_run(output / "plan.json", settings, plan);
  }
  TrainResult trained = train_finally(architecture, pictures, settings, plan, output, options.resume);

  Graph model_float = to_inference(trained.graph);
  model_float.name = "atoll-" + settings.space;
  model_float.description = space->describe(best.genotype);
  say("quantizing");
  const Calibration calibration =
      calibrate(model_float, *pictures.train, {.seed = settings.seed, .threads = plan.threads});
  const Graph model_int8 = quantize_int8(model_float, calibration);

  FitSummary summary{.settings = settings, .plan = plan};
  summary.float_accuracy = evaluate_with_progress("float", model_float, *pictures.test, plan.threads);
  summary.int8_accuracy = evaluate_with_progress("int8", model_int8, *pictures.test, plan.threads);
  summary.check = target->check(model_int8);
  summary.prediction = target->predict(model_int8);
  summary.search = found;
  for (const Trial& trial : found.trials) summary.descriptions.push_back(space->describe(trial.genotype));
  summary.history = trained.history;
  summary.cost = cost_of(architecture);
  summary.calibration = calibration;
  summary.classes = pictures.test->classes();

  FitResult result;
  result.model_int8 = output / "model_int8.tflite";
  result.model_float = output / "model_float.tflite";
  result.report = output / "report.html";
  result.result = output / "result.json";
  save_model(with_softmax(model_float), result.model_float);
  save_model(model_int8, result.model_int8);
  summary.int8_bytes = static_cast<std::int64_t>(std::filesystem::file_size(result.model_int8));
  summary.float_bytes = static_cast<std::int64_t>(std::filesystem::file_size(result.model_float));
  write_report(summary, *pictures.test, result.report);
  write_file(result.result, result_json(summary).dump(2) + "\n");
  fill(result, summary);
  return result;
}

}  // namespace Atoll
