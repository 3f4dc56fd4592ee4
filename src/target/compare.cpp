// Accuracy against latency: which networks nobody beats in both.
#include <fmt/format.h>

#include <algorithm>

#include "atoll/report.h"
#include "atoll/target.h"

namespace Atoll {

void mark_pareto(std::vector<ComparedModel>& models) {
  for (ComparedModel& model : models) {
    model.pareto = model.top1.has_value();
    for (const ComparedModel& other : models) {
      if (!model.top1 || !other.top1) continue;
      const bool no_worse = *other.top1 >= *model.top1 && other.latency_ms <= model.latency_ms;
      const bool better = *other.top1 > *model.top1 || other.latency_ms < model.latency_ms;
      if (no_worse && better) model.pareto = false;
    }
  }
}

std::vector<std::string> equal_but_faster(const std::vector<ComparedModel>& models) {
  constexpr double kEqualPoints = 0.5, kLeastFactor = 2;
  std::vector<std::string> sentences;
  for (const ComparedModel& fast : models) {
    if (!fast.pareto) continue;
    const ComparedModel* slow = nullptr;
    for (const ComparedModel& other : models)
      if (other.top1 && *other.top1 <= *fast.top1 + kEqualPoints && *other.top1 >= *fast.top1 - 4 * kEqualPoints &&
          other.latency_ms >= kLeastFactor * fast.latency_ms &&
          (slow == nullptr || other.latency_ms > slow->latency_ms))
        slow = &other;
    if (slow == nullptr) continue;
    sentences.push_back(fmt::format("{} is {} as {} ({:.1f} % and {:.1f} %) and {:.1f} times as fast", fast.name,
                                    *fast.top1 >= *slow->top1 ? "at least as accurate" : "about as accurate",
                                    slow->name, *fast.top1, *slow->top1, slow->latency_ms / fast.latency_ms));
  }
  return sentences;
}

namespace {

// From a factor of five between fastest and slowest on, a logarithmic axis shows more.
bool spans_decades(const std::vector<ComparedModel>& models) {
  constexpr double kFactor = 5;
  double least = models.empty() ? 1 : models[0].latency_ms, most = least;
  for (const ComparedModel& model : models) {
    least = std::min(least, model.latency_ms);
    most = std::max(most, model.latency_ms);
  }
  return least > 0 && most > kFactor * least;
}

report::Chart accuracy_against_latency(const std::vector<ComparedModel>& sorted, const std::string& target) {
  using Style = report::Series::Style;
  report::Chart chart{"",
                      fmt::format("predicted latency on {}, ms (80 % intervals)", target),
                      "top-1 accuracy, %",
                      {},
                      spans_decades(sorted),
                      false};
  report::Series front{"Pareto front", {}, {}, Style::kPoints, {}}, others{"others", {}, {}, Style::kPoints, {}},
      line{"", {}, {}, Style::kLine, {}, true};
  front.show_labels = others.show_labels = true;
  for (const ComparedModel& model : sorted) {
    if (!model.top1) continue;
    report::Series& series = model.pareto ? front : others;
    series.x.push_back(model.latency_ms);
    series.y.push_back(*model.top1);
    series.x_low.push_back(model.low_ms);
    series.x_high.push_back(model.high_ms);
    series.labels.push_back(model.note.empty() ? model.name : model.name + " *");
    if (!model.pareto) continue;
    line.x.push_back(model.latency_ms);
    line.y.push_back(*model.top1);
  }
  chart.series = {front, others};
  if (line.x.size() > 1) {
    line.name = "no other is faster and as accurate";
    chart.series.push_back(line);
  }
  return chart;
}

}  // namespace

std::string comparison_page(const std::vector<ComparedModel>& models, const Target& target,
                            const std::string& accuracy) {
  report::Html page(fmt::format("Accuracy against latency on {}", target.name()));
  std::vector<ComparedModel> sorted = models;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ComparedModel& a, const ComparedModel& b) { return a.latency_ms < b.latency_ms; });
  page.paragraph(fmt::format("{}. Latencies are predictions; accuracies are {}.", target.description(), accuracy));
  for (const std::string& sentence : equal_but_faster(sorted)) page.paragraph(sentence + ".");
  page.chart(accuracy_against_latency(sorted, target.name()));
  for (const ComparedModel& model : sorted)
    if (!model.note.empty()) page.paragraph(fmt::format("* {}: {}.", model.name, model.note));
  report::Table table{{"model", "top-1 %", "latency ms", "80 % interval", "Pareto", "note"},
                      {},
                      {false, true, true, true, false, false}};
  for (const ComparedModel& model : sorted)
    table.rows.push_back(
        {model.name, model.top1 ? fmt::format("{:.2f}", *model.top1) : "", fmt::format("{:.2f}", model.latency_ms),
         fmt::format("{:.2f} to {:.2f}", model.low_ms, model.high_ms), model.pareto ? "yes" : "", model.note});
  page.table(table);
  return page.str();
}

}  // namespace Atoll
