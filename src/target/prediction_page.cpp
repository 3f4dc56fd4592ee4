// A prediction in pictures: where the time goes, time by layer and by what bounds it, a roofline, and who is in the
// parameter cache; beside it, where asked for, the same network on the unchanged target.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "atoll/report.h"
#include "atoll/target.h"
#include "base/log.h"

namespace Atoll {
namespace {

constexpr std::array kBounds = {"compute", "weights", "activations", "instructions", "input", "output", "fixed", "cpu"};

double ms_bound_by(const Prediction& prediction, const std::string& bound) {
  double ms = 0;
  for (const LayerPrediction& layer : prediction.layers)
    if (layer.bound_by == bound) ms += layer.ms;
  return ms;
}

std::vector<std::string> bounds_of(const std::vector<const Prediction*>& predictions) {
  std::vector<std::string> bounds;
  for (const char* bound : kBounds)
    if (std::any_of(predictions.begin(), predictions.end(),
                    [&](const Prediction* p) { return ms_bound_by(*p, bound) > 0; }))
      bounds.emplace_back(bound);
  return bounds;
}

report::BarChart time_by_bound(const PredictionOn& now, const PredictionOn* before) {
  report::BarChart chart{"Where the time goes", "ms", {}, {}, {}, {}, {}};
  std::vector<const PredictionOn*> variants = {&now};
  if (before != nullptr) variants.insert(variants.begin(), before);
  std::vector<const Prediction*> predictions;
  for (const PredictionOn* variant : variants) predictions.push_back(&variant->prediction);
  chart.parts = bounds_of(predictions);
  for (const PredictionOn* variant : variants) chart.categories.push_back(variant->target.name());
  for (const std::string& bound : chart.parts) {
    std::vector<double>& row = chart.values.emplace_back();
    for (const Prediction* prediction : predictions) row.push_back(ms_bound_by(*prediction, bound));
  }
  return chart;
}

report::BarChart time_by_layer(const Prediction& prediction, const PredictionOn* before) {
  report::BarChart chart{"Time by layer, by what bounds it", "ms", {}, bounds_of({&prediction}), {}, {}, {}};
  chart.values.resize(chart.parts.size());
  for (std::size_t i = 0; i < prediction.layers.size(); ++i) {
    const LayerPrediction& layer = prediction.layers[i];
    // The same network gives the same layers in the same order, whatever the chip.
    const bool paired = before != nullptr && before->prediction.layers.size() == prediction.layers.size();
    const double before_ms = paired ? before->prediction.layers[i].ms : 0;
    if (layer.ms <= 0 && before_ms <= 0) continue;
    chart.categories.push_back(layer.name);
    for (std::size_t p = 0; p < chart.parts.size(); ++p)
      chart.values[p].push_back(layer.bound_by == chart.parts[p] ? layer.ms : 0.0);
    if (paired) chart.second.push_back(before_ms);
  }
  if (!chart.second.empty()) chart.second_name = "on " + before->target.name();
  return chart;
}

// Bytes that a layer has to wait for: weights that are streamed, or else all it reads and writes on the chip.
double bytes_of(const LayerPrediction& layer) {
  return static_cast<double>(layer.offchip_bytes > 0 ? layer.offchip_bytes
                                                     : layer.onchip_bytes + layer.activation_bytes);
}

report::Chart roofline(const PredictionOn& now) {
  report::Chart chart{"Roofline: a dot for each layer that multiplies", "MACs for each byte", "GMAC/s", {}, true, true};
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const char* bound : kBounds) {
    report::Series series{bound, {}, {}, report::Series::Style::kPoints, {}};
    for (const LayerPrediction& layer : now.prediction.layers) {
      if (layer.bound_by != bound || layer.macs == 0 || layer.ms <= 0 || bytes_of(layer) <= 0) continue;
      series.x.push_back(static_cast<double>(layer.macs) / bytes_of(layer));
      series.y.push_back(static_cast<double>(layer.macs) / (layer.ms * 1e6));
      series.labels.push_back(fmt::format("{} ({}), {:.3f} ms", layer.name, layer.op, layer.ms));
      least = std::min(least, series.x.back());
      most = std::max(most, series.x.back());
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  const bool streams = now.prediction.offchip_bytes > 0;
  double top = 0;
  for (const Roof& roof : now.target.roofs()) top = std::max(top, roof.gmac_per_s);
  for (const Roof& roof : now.target.roofs()) {
    if (most <= 0 || (roof.gb_per_s > 0 && !streams)) continue;
    report::Series line{roof.name, {}, {}, report::Series::Style::kLine, {}, true};
    const double end = roof.gb_per_s > 0 && top > 0 ? std::min(2 * most, top / roof.gb_per_s) : 2 * most;
    for (const double x : {least / 2, end}) {
      line.x.push_back(x);
      line.y.push_back(roof.gb_per_s > 0 ? x * roof.gb_per_s : roof.gmac_per_s);
    }
    chart.series.push_back(std::move(line));
  }
  return chart;
}

void add_cache_rows(report::Strip& strip, const PredictionOn& on, bool name_target) {
  const Prediction& prediction = on.prediction;
  const std::string where = name_target ? " on " + on.target.name() : "";
  const auto mib = [](std::int64_t bytes) { return bytes_text(static_cast<double>(bytes)); };
  report::Strip::Row cached{fmt::format("in the cache{}: {} of {}", where, mib(prediction.onchip_bytes),
                                        mib(prediction.onchip_bytes + prediction.onchip_free_bytes)),
                            {},
                            static_cast<double>(prediction.onchip_free_bytes)};
  report::Strip::Row streamed{
      fmt::format("streamed in every inference{}: {}", where, mib(prediction.offchip_bytes)), {}, 0};
  for (const LayerPrediction& layer : prediction.layers) {
    if (layer.onchip_bytes > 0)
      cached.cells.push_back({layer.name, mib(layer.onchip_bytes), static_cast<double>(layer.onchip_bytes)});
    if (layer.offchip_bytes > 0)
      streamed.cells.push_back({layer.name, mib(layer.offchip_bytes), static_cast<double>(layer.offchip_bytes)});
  }
  strip.rows.push_back(std::move(cached));
  if (!streamed.cells.empty()) strip.rows.push_back(std::move(streamed));
}

std::string lead(const PredictionOn& now, const PredictionOn* before) {
  const double ms = now.prediction.latency_ms;
  std::string text = now.target.description() + ".";
  if (before != nullptr) {
    const double old_ms = before->prediction.latency_ms;
    const double factor = std::max(old_ms, ms) / std::max(1e-9, std::min(old_ms, ms));
    text += factor < 1.005 ? fmt::format(" The change makes no difference: {:.2f} ms as before.", ms)
                           : fmt::format(" {:.2f} ms instead of {:.2f} ms: {:.2f} times as {}.", ms, old_ms, factor,
                                         ms < old_ms ? "fast" : "slow");
  }
  std::string most;
  for (const char* bound : kBounds)
    if (most.empty() || ms_bound_by(now.prediction, bound) > ms_bound_by(now.prediction, most)) most = bound;
  const double share = ms > 0 ? 100 * ms_bound_by(now.prediction, most) / ms : 0;
  text += fmt::format(" {:.0f} % of the time is bound by {}.", share, most);
  if (!now.prediction.fully_mapped) text += " Not every op maps: `atoll check` says which, and what to do.";
  return text;
}

std::vector<std::pair<std::string, std::string>> facts(const PredictionOn& now, const PredictionOn* before) {
  const auto both = [&](auto text) {
    const std::string value = text(now.prediction);
    const std::string old = before != nullptr ? text(before->prediction) : value;
    return old == value ? value : old + " → " + value;
  };
  const auto bytes = [](std::int64_t n) { return bytes_text(static_cast<double>(n)); };
  return {{"latency", both([](const Prediction& p) { return fmt::format("{:.2f} ms", p.latency_ms); })},
          {"80 % interval", fmt::format("{:.2f} to {:.2f} ms", now.prediction.low_ms, now.prediction.high_ms)},
          {"first inference", both([](const Prediction& p) { return fmt::format("{:.2f} ms", p.first_ms); })},
          {"parameters in the cache", both([&](const Prediction& p) { return bytes(p.onchip_bytes); })},
          {"streamed in every inference", both([&](const Prediction& p) { return bytes(p.offchip_bytes); })},
          {"energy, an estimate", both([](const Prediction& p) { return fmt::format("{:.1f} mJ", p.energy_mj); })}};
}

}  // namespace

std::string prediction_page(const std::string& model, const PredictionOn& now, const PredictionOn* before) {
  report::Html page(fmt::format("{} on {}", model, now.target.name()));
  page.facts(facts(now, before));
  page.paragraph(lead(now, before));
  page.bars(time_by_bound(now, before));
  page.heading("Layers");
  page.bars(time_by_layer(now.prediction, before));
  page.heading("Roofline");
  page.paragraph(
      "Bytes are a layer's weights and activations; for a layer whose weights are streamed, the streamed ones. A dot "
      "above the slanted line had its weights sent while layers before it computed.");
  page.chart(roofline(now));
  page.heading("Parameter cache");
  report::Strip strip{"Who has how much of it", {}};
  if (before != nullptr) add_cache_rows(strip, *before, true);
  add_cache_rows(strip, now, before != nullptr);
  page.strip(strip);
  page.heading("Table");
  report::Table table{{"layer", "op", "ms", "bound by", "MACs", "on-chip bytes", "off-chip bytes"}, {}, {}};
  table.right = {false, false, true, false, true, true, true};
  for (const LayerPrediction& layer : now.prediction.layers)
    table.rows.push_back({layer.name, layer.op, fmt::format("{:.4f}", layer.ms), layer.bound_by,
                          std::to_string(layer.macs), std::to_string(layer.onchip_bytes),
                          std::to_string(layer.offchip_bytes)});
  page.table(table);
  return page.str();
}

}  // namespace Atoll
