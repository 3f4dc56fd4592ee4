// The page about a quantization: where it hurts, what the ladder did, and how far the calibration had come.
#include <fmt/format.h>

#include "atoll/compress.h"
#include "atoll/report.h"

namespace Atoll {
namespace {

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

void add_steps(report::Html& page, const std::vector<LadderStep>& steps) {
  page.heading("The ladder");
  page.paragraph(
      "Measured on pictures that calibration did not see. Each step starts from the best so far and is kept only if "
      "its "
      "output error is smaller. The expected drop is what the float network's own probabilities say of the pictures "
      "that "
      "changed their class.");
  report::Table table{
      .header = {"step", "top-1", "drop, points", "expected drop, points", "output error, nats", "kept", "seconds"},
      .right = {false, true, true, true, true, false, true}};
  for (const LadderStep& step : steps)
    table.rows.push_back({step.name, percent(step.top1), fmt::format("{:+.2f}", 100 * step.drop),
                          fmt::format("{:.3f}", 100 * step.expected_drop), fmt::format("{:.5f}", step.output_error),
                          step.kept ? "yes" : "no", fmt::format("{:.1f}", step.seconds)});
  page.table(table);
}

void add_calibration(report::Html& page, const Calibration& calibration) {
  page.heading("Calibration");
  page.paragraph(fmt::format("{} pictures, FNV-1a of their pixels {}; ranges by the estimator {}.", calibration.images,
                             calibration.hash, name_of(calibration.estimator)));
  report::Series missing{.name = "missing"};
  for (const Convergence& point : calibration.convergence) {
    missing.x.push_back(static_cast<double>(point.images));
    missing.y.push_back(100 * point.missing);
  }
  page.chart({.title = "How far the ranges were from their final width",
              .x_label = "pictures",
              .y_label = "mean over tensors, % of the width",
              .series = {missing},
              .log_x = true});
  if (calibration.exceptions.empty()) return;
  report::Table table{.header = {"tensor", "range by"}};
  for (const std::string& exception : calibration.exceptions) {
    const std::size_t colon = exception.rfind(": ");
    table.rows.push_back({exception.substr(0, colon), exception.substr(std::min(colon + 2, exception.size()))});
  }
  page.table(table);
}

report::Chart chart_of(const QuantizationDamage& damage, const char* title, const char* y_label, bool log_y,
                       double (*value)(const LayerDamage&)) {
  report::Series series{.name = y_label};
  for (std::size_t i = 0; i < damage.layers.size(); ++i) {
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(value(damage.layers[i]));
    series.labels.push_back(damage.layers[i].name);
  }
  return {.title = title, .x_label = "layer", .y_label = y_label, .series = {series}, .log_y = log_y};
}

void add_damage(report::Html& page, const QuantizationDamage& damage) {
  page.heading("Layer by layer");
  page.paragraph(fmt::format(
      "On {} pictures: top-1 {} in float and {} quantized, the same class for {}, output error {:.5f} nats. {}",
      damage.images, percent(damage.float_top1), percent(damage.top1), percent(damage.agreement), damage.output_error,
      damage.first_hurt < 0 ? "No layer is below 20 dB."
                            : fmt::format("The first layer below 20 dB is '{}'.",
                                          damage.layers[static_cast<std::size_t>(damage.first_hurt)].name)));
  report::Chart sqnr = chart_of(damage, "Signal to quantization noise", "dB", false,
                                [](const LayerDamage& layer) { return layer.sqnr_db; });
  const double last = static_cast<double>(damage.layers.empty() ? 0 : damage.layers.size() - 1);
  sqnr.series.push_back({.name = "hurts below", .x = {0, last}, .y = {20, 20}, .labels = {}, .dashed = true});
  page.chart(sqnr);
  page.chart(chart_of(damage, "Values outside of the int8 range", "% saturated", false,
                      [](const LayerDamage& layer) { return 100 * layer.saturated; }));
  page.chart(chart_of(damage, "Channels of uneven range", "largest over median channel", true,
                      [](const LayerDamage& layer) { return layer.channel_range_ratio; }));
  report::Table table{
      .header = {"layer", "op", "SQNR, dB", "saturated", "channel ranges", "top-1 won in float", "error left in float"},
      .right = {false, false, true, true, true, true, true}};
  for (const LayerDamage& layer : damage.layers) {
    const bool tried = layer.error_left_in_float >= 0;
    table.rows.push_back({layer.name, layer.op, fmt::format("{:.1f}", layer.sqnr_db),
                          fmt::format("{:.3f} %", 100 * layer.saturated),
                          fmt::format("{:.1f}", layer.channel_range_ratio),
                          tried ? fmt::format("{:+.2f}", 100 * (layer.top1_left_in_float - damage.top1)) : "",
                          tried ? fmt::format("{:.5f}", layer.error_left_in_float) : ""});
  }
  page.table(table);
}

}  // namespace

std::string quantization_page(const QuantizationPage& what) {
  report::Html page(what.model + ", quantized");
  if (!what.facts.empty()) page.facts(what.facts);
  if (!what.steps.empty()) add_steps(page, what.steps);
  if (what.calibration) add_calibration(page, *what.calibration);
  if (what.damage) add_damage(page, *what.damage);
  return page.str();
}

}  // namespace Atoll
