#include "report/chart_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "atoll/error.h"

namespace Atoll::report {
namespace {

using Json = nlohmann::ordered_json;

// '<' stands in JSON only inside strings, where \u003c means the same: no text can end the script.
std::string for_script(const Json& json) {
  const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  for (const char c : plain) {
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  }
  return safe;
}

const char* style_name(Series::Style style) {
  switch (style) {
    case Series::Style::kLine: return "line";
    case Series::Style::kPoints: return "points";
    case Series::Style::kSteps: return "steps";
  }
  fail("the style of a series is {}, but should be kLine, kPoints or kSteps", static_cast<int>(style));
}

bool drawable(double value, bool logarithmic) { return std::isfinite(value) && (!logarithmic || value > 0); }

Json series_json(const Series& series, const Chart& chart) {
  if (series.x.size() != series.y.size())
    fail("the series '{}' of the chart '{}' has {} x values, but {} y values", series.name, chart.title,
         series.x.size(), series.y.size());
  if (!series.labels.empty() && series.labels.size() != series.x.size())
    fail("the series '{}' of the chart '{}' has {} labels for {} points", series.name, chart.title,
         series.labels.size(), series.x.size());
  for (const std::vector<double>* ends : {&series.x_low, &series.x_high})
    if (!ends->empty() && ends->size() != series.x.size())
      fail("the series '{}' of the chart '{}' has {} ends of whiskers for {} points", series.name, chart.title,
           ends->size(), series.x.size());
  if (series.x_low.size() != series.x_high.size())
    fail("the series '{}' of the chart '{}' has {} lower, but {} upper ends of whiskers", series.name, chart.title,
         series.x_low.size(), series.x_high.size());
  Json points = Json::array(), labels = Json::array(), whiskers = Json::array();
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!drawable(series.x[i], chart.log_x)) continue;
    const bool gap = !drawable(series.y[i], chart.log_y);
    if (gap && series.style == Series::Style::kPoints) continue;
    points.push_back({series.x[i], gap ? Json(nullptr) : Json(series.y[i])});
    if (!series.labels.empty()) labels.push_back(series.labels[i]);
    if (!series.x_low.empty()) whiskers.push_back({series.x_low[i], series.x_high[i]});
  }
  Json json;
  json["name"] = series.name;
  json["style"] = style_name(series.style);
  json["dashed"] = series.dashed;
  json["points"] = std::move(points);
  if (!series.labels.empty()) json["labels"] = std::move(labels);
  if (series.show_labels) json["show_labels"] = true;
  if (!whiskers.empty()) json["whiskers"] = std::move(whiskers);
  return json;
}

}  // namespace

std::string chart_json(const Chart& chart) {
  Json json;
  json["kind"] = "xy";
  json["x"] = {{"label", chart.x_label}, {"log", chart.log_x}};
  json["y"] = {{"label", chart.y_label}, {"log", chart.log_y}};
  json["series"] = Json::array();
  for (const Series& series : chart.series) json["series"].push_back(series_json(series, chart));
  return for_script(json);
}

std::string chart_json(const BarChart& chart) {
  if (chart.values.size() != chart.parts.size())
    fail("the bar chart '{}' has {} parts, but values for {}", chart.title, chart.parts.size(), chart.values.size());
  Json json;
  json["kind"] = "bars";
  json["x"] = {{"label", chart.x_label}, {"log", false}};
  json["categories"] = chart.categories;
  json["parts"] = Json::array();
  for (std::size_t i = 0; i < chart.parts.size(); ++i) {
    if (chart.values[i].size() != chart.categories.size())
      fail("the part '{}' of the bar chart '{}' has {} values for {} bars", chart.parts[i], chart.title,
           chart.values[i].size(), chart.categories.size());
    json["parts"].push_back({{"name", chart.parts[i]}, {"values", chart.values[i]}});
  }
  if (!chart.second.empty()) {
    if (chart.second.size() != chart.categories.size())
      fail("the bar chart '{}' has {} values from before for {} bars", chart.title, chart.second.size(),
           chart.categories.size());
    json["second"] = {{"name", chart.second_name}, {"values", chart.second}};
  }
  return for_script(json);
}

}  // namespace Atoll::report
