// Report: plain tables, series and pictures in, one HTML file out that opens without a network. Knows
// nothing of networks. The same input gives the same bytes; every text is taken as plain text (UTF-8) and
// escaped. Throws Error where lengths disagree, naming the series, bar, row or picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace Atoll::report {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right;  // columns set flush right (numbers); missing: left
};
// For a terminal: aligned columns under a header; no trailing spaces; control characters become '?'.
std::string text_table(const Table& table);
// RFC 4180 quoting; lines end in \n, so that Unix tools can cut them. Short rows are filled up.
std::string csv(const Table& table);

struct Series {
  enum class Style { kLine, kPoints, kSteps };  // kSteps holds a value until the next point's x
  std::string name;
  std::vector<double> x, y;  // a y that is not finite leaves a gap
  Style style = Style::kLine;
  std::vector<std::string> labels;    // by point, shown on hover; may be empty
  bool dashed = false;                // for limits and budgets
  bool show_labels = false;           // beside the points too
  std::vector<double> x_low, x_high;  // by point, drawn as a whisker; may be empty
};
struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool log_x = false, log_y = false;
};
struct BarChart {  // horizontal stacked bars
  std::string title, x_label;
  std::vector<std::string> categories;      // one bar each
  std::vector<std::string> parts;           // stacked in each bar
  std::vector<std::vector<double>> values;  // [part][category]
  std::vector<double> second;               // by category: what the bar was before, as an outline; may be empty
  std::string second_name;
};
struct Strip {  // bars on one scale, cut into cells: who has how much of something
  struct Cell {
    std::string name, text;  // text: the value in words, shown on hover
    double value = 0;
  };
  struct Row {
    std::string name;
    std::vector<Cell> cells;
    double rest = 0;  // what nobody has
  };
  std::string title;
  std::vector<Row> rows;
};
struct Heatmap {  // a confusion matrix; above 64 rows or columns it is drawn as a picture without figures
  std::string title, row_label, column_label;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> values;  // [row][column]
};
struct Picture {
  int h = 0, w = 0, c = 0;           // 1 or 3 channels
  std::vector<std::uint8_t> pixels;  // h * w * c, row by row
  std::string caption;
  bool good = true;  // framed green or red
};

class Html {
 public:
  explicit Html(std::string title);
  void heading(const std::string& text);
  void paragraph(const std::string& text);
  void preformatted(const std::string& text);                                 // in fixed width, line by line
  void facts(const std::vector<std::pair<std::string, std::string>>& facts);  // (name, value): big figures
  void table(const Table& table);
  void chart(const Chart& chart);
  void bars(const BarChart& chart);
  void strip(const Strip& strip);
  void heatmap(const Heatmap& heatmap);
  void pictures(const std::vector<Picture>& pictures);  // as embedded PNG
  std::string str() const;
  void save(const std::filesystem::path& path) const;

 private:
  void canvas(const std::string& title, const std::string& json, double height);

  std::string title_, body_;
  std::vector<std::string> headings_;
  int charts_ = 0;
};

}  // namespace Atoll::report
