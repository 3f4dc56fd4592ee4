#include <fmt/format.h>

#include <algorithm>

#include "atoll/error.h"
#include "atoll/report.h"
#include "base/file.h"
#include "report/assets.h"
#include "report/chart_json.h"
#include "report/heatmap.h"
#include "report/png.h"
#include "report/utf8.h"

namespace Atoll::report {
namespace {

// The page may load nothing from anywhere: a browser holds it to that.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

constexpr double kChartHeight = 360, kNamedChartHeight = 460;
constexpr double kBarHeight = 22, kBarMargin = 96, kMostBarsHeight = 12000;  // canvases end at 16384 pixels

std::string cell(const char* element, const std::string& text, bool right) {
  return fmt::format("<{}{}>{}</{}>", element, right ? " class=\"right\"" : "", html_escape(text), element);
}

std::string table_row(const std::vector<std::string>& row, const char* element, const Table& table,
                      std::size_t columns) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < columns; ++i)
    html += cell(element, i < row.size() ? row[i] : "", i < table.right.size() && table.right[i]);
  return html + "</tr>\n";
}

std::string picture_html(const Picture& picture) {
  // Small pictures are shown enlarged, pixel by pixel.
  const int longest = std::max(picture.h, picture.w);
  const int scale = std::max(1, 112 / std::max(1, longest));
  return fmt::format(
      "<figure class=\"{}\"><img alt=\"{}\" width=\"{}\" height=\"{}\" "
      "src=\"{}\"><figcaption>{}</figcaption></figure>\n",
      picture.good ? "good" : "bad", html_escape(picture.caption), picture.w * scale, picture.h * scale,
      png_data_url(picture.h, picture.w, picture.c, picture.pixels), html_escape(picture.caption));
}

double row_length(const Strip::Row& row) {
  double length = row.rest;
  for (const Strip::Cell& cell : row.cells) length += cell.value;
  return length;
}

// Neighbours differ in shade; a name is written where it has room.
std::string strip_row(const Strip::Row& row, double longest) {
  constexpr double kRoomForName = 5.5;  // percent of the width
  std::string html = fmt::format("<div class=\"strip-name\">{}</div>\n<div class=\"strip\">", html_escape(row.name));
  const double scale = longest > 0 ? 100 / longest : 0;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const Strip::Cell& cell = row.cells[i];
    const double width = cell.value * scale;
    html += fmt::format("<span class=\"{}\" style=\"width:{:.3f}%\" title=\"{}: {}\">{}</span>", i % 2 == 0 ? "a" : "b",
                        width, html_escape(cell.name), html_escape(cell.text),
                        width >= kRoomForName ? html_escape(cell.name) : "");
  }
  if (row.rest > 0) html += fmt::format("<span class=\"rest\" style=\"width:{:.3f}%\"></span>", row.rest * scale);
  return html + "</div>\n";
}

std::string contents(const std::vector<std::string>& headings) {
  if (headings.size() < 3) return "";
  std::string html = "<nav>";
  for (std::size_t i = 0; i < headings.size(); ++i)
    html += fmt::format("<a href=\"#part-{}\">{}</a>", i + 1, html_escape(headings[i]));
  return html + "</nav>\n";
}

}  // namespace

Html::Html(std::string title) : title_(std::move(title)) {}

void Html::heading(const std::string& text) {
  headings_.push_back(text);
  body_ += fmt::format("<h2 id=\"part-{}\">{}</h2>\n", headings_.size(), html_escape(text));
}

void Html::paragraph(const std::string& text) { body_ += fmt::format("<p>{}</p>\n", html_escape(text)); }

void Html::preformatted(const std::string& text) { body_ += fmt::format("<pre>{}</pre>\n", html_escape(text)); }

void Html::facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  body_ += "<dl class=\"facts\">\n";
  for (const auto& [name, value] : facts)
    body_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_escape(name), html_escape(value));
  body_ += "</dl>\n";
}

void Html::table(const Table& table) {
  std::size_t columns = table.header.size();
  for (const auto& row : table.rows) columns = std::max(columns, row.size());
  body_ += "<div class=\"scroll\"><table>\n";
  if (!table.header.empty()) body_ += "<thead>" + table_row(table.header, "th", table, columns) + "</thead>\n";
  body_ += "<tbody>\n";
  for (const auto& row : table.rows) body_ += table_row(row, "td", table, columns);
  body_ += "</tbody></table></div>\n";
}

void Html::canvas(const std::string& title, const std::string& json, double height) {
  const int number = ++charts_;
  body_ += "<figure>\n";
  if (!title.empty()) body_ += fmt::format("<figcaption>{}</figcaption>\n", html_escape(title));
  body_ += fmt::format(
      "<div class=\"chart\" style=\"height:{:.0f}px\"><canvas id=\"chart-{}\" role=\"img\" "
      "aria-label=\"{}\"></canvas></div>\n"
      "<noscript><p class=\"note\">This chart is drawn by a script, and scripts are off.</p></noscript>\n"
      "<script type=\"application/json\" data-chart=\"chart-{}\">{}</script>\n</figure>\n",
      height, number, html_escape(title), number, json);
}

void Html::chart(const Chart& chart) {
  const bool named =
      std::any_of(chart.series.begin(), chart.series.end(), [](const Series& s) { return s.show_labels; });
  canvas(chart.title, chart_json(chart), named ? kNamedChartHeight : kChartHeight);
}

void Html::bars(const BarChart& chart) {
  const double height = kBarMargin + kBarHeight * static_cast<double>(chart.categories.size());
  canvas(chart.title, chart_json(chart), std::min(height, kMostBarsHeight));
}

void Html::strip(const Strip& strip) {
  double longest = 0;
  for (const Strip::Row& row : strip.rows) longest = std::max(longest, row_length(row));
  body_ += fmt::format("<figure>\n<figcaption>{}</figcaption>\n", html_escape(strip.title));
  for (const Strip::Row& row : strip.rows) body_ += strip_row(row, longest);
  body_ += "</figure>\n";
}

void Html::heatmap(const Heatmap& heatmap) { body_ += heatmap_html(heatmap); }

void Html::pictures(const std::vector<Picture>& pictures) {
  body_ += "<div class=\"pictures\">\n";
  for (const Picture& picture : pictures) body_ += picture_html(picture);
  body_ += "</div>\n";
}

std::string Html::str() const {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"Atoll\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n{}{}</main>\n",
      kPolicy, html_escape(title_), stylesheet(), html_escape(title_), contents(headings_), body_);
  page += "<footer>Written by Atoll. This page is one file and asks no network for anything.</footer>\n";
  if (charts_ > 0) page += fmt::format("<script>\n{}\n</script>\n<script>\n{}</script>\n", chart_js(), script());
  return page + "</body>\n</html>\n";
}

void Html::save(const std::filesystem::path& path) const { write_file(path, std::string_view(str())); }

}  // namespace Atoll::report
