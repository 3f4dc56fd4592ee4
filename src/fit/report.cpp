#include "atoll/report.h"

#include <algorithm>
#include <cmath>

#include "atoll/error.h"
#include "base/log.h"
#include "fit/summary.h"

namespace Atoll {
namespace {

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

void add_facts(report::Html& html, const FitSummary& s) {
  html.facts({{"int8 top-1", percent(s.int8_accuracy.top1)},
              {"float top-1", percent(s.float_accuracy.top1)},
              {"predicted latency", fmt::format("{:.3f} ms", s.prediction.latency_ms)},
              {"latency budget", fmt::format("{:.3f} ms", s.settings.latency_ms)},
              {"mapped ops", fmt::format("{} of {}", s.check.mapped_ops, s.check.total_ops)},
              {"parameters", count_text(static_cast<double>(s.cost.params))},
              {"MACs", count_text(static_cast<double>(s.cost.macs))},
              {"file", bytes_text(static_cast<double>(s.int8_bytes))}});
  html.paragraph(fmt::format("{} classes of {} at {}x{}x{}, for {}: {}", s.settings.classes, s.settings.data,
                             s.settings.h, s.settings.w, s.settings.channels, s.settings.target,
                             s.descriptions[s.search.best]));
}

void add_search(report::Html& html, const FitSummary& s) {
  html.heading("Search");
  html.paragraph(fmt::format(
      "{} candidates were tried by predicted latency; {} of those that were within the budget, and could be trained in "
      "the time given, were trained on {} images for {} epochs and compared on validation images that neither training "
      "nor the test uses. The choice is the largest of those that are as accurate as the best within one standard "
      "error.",
      s.search.trials.size(), s.plan.trained, s.plan.proxy_images, s.plan.proxy_epochs));
  const Trial& best = s.search.trials[s.search.best];
  report::Chart accuracy{.title = "Accuracy against latency",
                         .x_label = "predicted latency, ms",
                         .y_label = "validation top-1 after the proxy training, %"};
  report::Series trained{.name = "trained", .style = report::Series::Style::kPoints};
  report::Series front{.name = "Pareto front", .style = report::Series::Style::kSteps};
  report::Series choice{.name = "choice", .style = report::Series::Style::kPoints};
  report::Chart all{.title = "Every candidate", .x_label = "predicted latency, ms", .y_label = "MACs, millions"};
  report::Series within{.name = "within the budget, not trained", .style = report::Series::Style::kPoints};
  report::Series over{.name = "over the budget", .style = report::Series::Style::kPoints};
  report::Series costly{.name = "too costly to train", .style = report::Series::Style::kPoints};
  report::Series chosen_to_train{.name = "trained", .style = report::Series::Style::kPoints};
  const auto add = [&](report::Series& series, std::size_t i, double y) {
    series.x.push_back(s.search.trials[i].scores.latency_ms);
    series.y.push_back(y);
    series.labels.push_back(fmt::format("#{} {}", s.search.trials[i].number, s.descriptions[i]));
  };
  for (std::size_t i = 0; i < s.search.trials.size(); ++i) {
    const Trial& trial = s.search.trials[i];
    if (!std::isfinite(trial.scores.latency_ms)) continue;
    const double macs = static_cast<double>(trial.macs) / 1e6;
    if (trial.status == TrialStatus::kDone) {
      add(trained, i, 100 * trial.scores.accuracy);
      add(chosen_to_train, i, macs);
    } else {
      report::Series& judged = trial.scores.latency_ms <= s.settings.latency_ms ? within : over;
      add(trial.work > s.plan.max_work ? costly : judged, i, macs);
    }
  }
  for (const std::size_t i : s.search.pareto) add(front, i, 100 * s.search.trials[i].scores.accuracy);
  add(choice, s.search.best, 100 * best.scores.accuracy);
  accuracy.series = {trained, front, choice};
  all.series = {within, over, costly, chosen_to_train};
  html.chart(accuracy);
  html.chart(all);

  report::Table table{.header = {"trial", "latency, ms", "MACs", "parameters", "validation top-1", "network"},
                      .right = {true, true, true, true, true}};
  const auto row = [&](std::size_t i) {
    const Trial& trial = s.search.trials[i];
    table.rows.push_back(
        {std::to_string(trial.number),
         std::isfinite(trial.scores.latency_ms) ? fmt::format("{:.3f}", trial.scores.latency_ms) : "does not map",
         count_text(static_cast<double>(trial.macs)), count_text(static_cast<double>(trial.params)),
         trial.status == TrialStatus::kDone ? percent(trial.scores.accuracy) : std::string(name_of(trial.status)),
         s.descriptions[i]});
  };
  for (const bool done : {true, false})
    for (std::size_t i = 0; i < s.search.trials.size(); ++i)
      if ((s.search.trials[i].status == TrialStatus::kDone) == done) row(i);
  html.table(table);
}

void add_training(report::Html& html, const FitSummary& s) {
  html.heading("Training");
  report::Series loss{.name = "loss"}, top1{.name = "training top-1, %"}, rate{.name = "learning rate"};
  for (const EpochRecord& epoch : s.history) {
    for (report::Series* series : {&loss, &top1, &rate}) series->x.push_back(epoch.epoch);
    loss.y.push_back(epoch.loss);
    top1.y.push_back(100 * epoch.train_top1);
    rate.y.push_back(epoch.learning_rate);
  }
  html.chart({.title = "Loss", .x_label = "epoch", .y_label = "cross entropy", .series = {loss}});
  html.chart(
      {.title = "Training accuracy, on augmented pictures", .x_label = "epoch", .y_label = "%", .series = {top1}});
  html.chart({.title = "Learning rate", .x_label = "epoch", .y_label = "", .series = {rate}});
}

void add_layers(report::Html& html, const FitSummary& s) {
  html.heading("Where the time goes");
  html.paragraph(
      fmt::format("Predicted: {:.3f} ms per inference, between {:.3f} and {:.3f} ms in 80 % of cases. {} of "
                  "parameters are kept on the chip, {} are streamed in every inference.",
                  s.prediction.latency_ms, s.prediction.low_ms, s.prediction.high_ms,
                  bytes_text(static_cast<double>(s.prediction.onchip_bytes)),
                  bytes_text(static_cast<double>(s.prediction.offchip_bytes))));
  report::BarChart bars{.title = "Predicted time by layer", .x_label = "ms"};
  for (const LayerPrediction& layer : s.prediction.layers)
    if (std::find(bars.parts.begin(), bars.parts.end(), layer.bound_by) == bars.parts.end())
      bars.parts.push_back(layer.bound_by);
  std::sort(bars.parts.begin(), bars.parts.end());
  bars.values.assign(bars.parts.size(), std::vector<double>(s.prediction.layers.size(), 0));
  report::Table table{.header = {"layer", "op", "ms", "bound by", "MACs", "parameters"},
                      .right = {false, false, true, false, true, true}};
  for (std::size_t i = 0; i < s.prediction.layers.size(); ++i) {
    const LayerPrediction& layer = s.prediction.layers[i];
    bars.categories.push_back(layer.name);
    const auto part = std::find(bars.parts.begin(), bars.parts.end(), layer.bound_by) - bars.parts.begin();
    bars.values[static_cast<std::size_t>(part)][i] = layer.ms;
    table.rows.push_back({layer.name, layer.op, fmt::format("{:.4f}", layer.ms), layer.bound_by,
                          layer.macs > 0 ? count_text(static_cast<double>(layer.macs)) : "",
                          bytes_text(static_cast<double>(layer.onchip_bytes + layer.offchip_bytes))});
  }
  html.bars(bars);
  html.table(table);
}

void add_accuracy(report::Html& html, const FitSummary& s) {
  html.heading("Accuracy before and after quantization");
  html.paragraph(
      fmt::format("On {} test images, which nothing was trained or chosen on. Calibrated on {} training "
                  "images (hash {}).",
                  s.int8_accuracy.images, s.calibration.images, s.calibration.hash));
  report::Table table{.header = {"model", "top-1", "95 % interval", "top-5", "file"},
                      .right = {false, true, true, true, true}};
  const auto row = [&](const char* name, const Accuracy& a, std::int64_t bytes) {
    table.rows.push_back({name, percent(a.top1), fmt::format("± {:.2f}", 100 * a.ci95), percent(a.top5),
                          bytes_text(static_cast<double>(bytes))});
  };
  row("float32", s.float_accuracy, s.float_bytes);
  row("int8", s.int8_accuracy, s.int8_bytes);
  html.table(table);
  report::Heatmap confusion{.title = "Confusion of the int8 model",
                            .row_label = "label",
                            .column_label = "predicted",
                            .rows = s.classes,
                            .columns = s.classes};
  for (const auto& line : s.int8_accuracy.confusion) confusion.values.emplace_back(line.begin(), line.end());
  if (s.classes.size() <= 50) html.heatmap(confusion);
}

void add_pictures(report::Html& html, const FitSummary& s, const Dataset& test) {
  constexpr std::size_t kOfEach = 12;
  std::vector<report::Picture> right, wrong;
  for (std::size_t i = 0; i < s.int8_accuracy.predictions.size(); ++i) {
    const int label = test.label(static_cast<std::int64_t>(i)), predicted = s.int8_accuracy.predictions[i];
    std::vector<report::Picture>& pictures = label == predicted ? right : wrong;
    if (pictures.size() == kOfEach) continue;
    const Image original = test.image(static_cast<std::int64_t>(i));
    const bool small = std::max(original.h, original.w) <= 128;
    Image image = small ? original : resize(original, 128, 128, Preprocessing::Resize::kBilinear);
    const auto name = [&](int c) { return s.classes[static_cast<std::size_t>(c)]; };
    pictures.push_back(
        {image.h, image.w, image.c, std::move(image.pixels),
         label == predicted ? name(label) : fmt::format("{}, taken for {}", name(label), name(predicted)),
         label == predicted});
  }
  html.heading("Examples");
  right.insert(right.end(), wrong.begin(), wrong.end());
  html.pictures(right);
}

}  // namespace

void write_report(const FitSummary& s, const Dataset& test, const std::filesystem::path& path) {
  report::Html html("Atoll: " + s.settings.data + " on " + s.settings.target);
  add_facts(html, s);
  add_search(html, s);
  add_training(html, s);
  add_accuracy(html, s);
  add_layers(html, s);
  add_pictures(html, s, test);
  html.heading("Repeat");
  html.paragraph(
      "atoll fit --plan result.json -o OTHER_FOLDER repeats this run to the same files, byte for byte, on "
      "the same kind of processor.");
  html.save(path);
}

}  // namespace Atoll
