// Measurements as people keep them: a CSV file with a network or a layer in each line.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "atoll/builder.h"
#include "atoll/calibrate.h"
#include "atoll/error.h"
#include "atoll/model.h"
#include "base/file.h"

namespace Atoll {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 26;
constexpr double kMostMs = 1e7;

struct Line {
  std::string where;  // "'file', line 3"
  std::vector<std::string> cells;
};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

// RFC 4180: cells with quotes around them may hold commas and line ends; "" is a quote.
std::vector<Line> lines_of(const std::string& text, const std::string& path) {
  std::vector<Line> lines;
  std::size_t number = 1, at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < text.size()) {
    Line line{fmt::format("'{}', line {}", path, number), {}};
    bool more = true;
    while (more) {
      std::string cell;
      while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
      if (at < text.size() && text[at] == '"') {
        for (++at; at < text.size() && (text[at] != '"' || text.substr(at, 2) == "\"\""); ++at) {
          if (text[at] == '"') ++at;
          if (text[at] == '\n') ++number;
          cell += text[at];
        }
        if (at >= text.size()) fail("{}: a quote is not closed", line.where);
        ++at;
      }
      while (at < text.size() && text[at] != ',' && text[at] != '\n') cell += text[at++];
      more = at < text.size() && text[at] == ',';
      if (!cell.empty() && cell.back() == '\r') cell.pop_back();
      line.cells.push_back(trimmed(cell));
      ++at;
    }
    ++number;
    if (line.cells.size() > 1 || !line.cells[0].empty()) lines.push_back(std::move(line));
  }
  return lines;
}

template <typename T>
std::optional<T> parsed(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional<T>(value) : std::nullopt;
}

class Table {
 public:
  Table(const std::vector<std::string>& header, const std::string& path) {
    for (std::size_t i = 0; i < header.size(); ++i) columns_.emplace(header[i], i);
    if (!has("ms")) fail("'{}' has no column 'ms'; its first line should name the columns, as in model,ms", path);
    if (!has("model") && !has("op"))
      fail("'{}' has neither a column 'model' nor a column 'op' (one layer: op,h,w,in,out,kernel,stride)", path);
  }
  bool has(const std::string& column) const { return columns_.contains(column); }
  std::string cell(const Line& line, const std::string& column) const {
    const auto at = columns_.find(column);
    return at == columns_.end() || at->second >= line.cells.size() ? std::string() : line.cells[at->second];
  }
  int size(const Line& line, const std::string& column, int most, std::optional<int> otherwise = {}) const {
    const std::string text = cell(line, column);
    if (text.empty() && otherwise) return *otherwise;
    const auto value = parsed<int>(text);
    if (!value || *value < 1 || *value > most)
      fail("{}: {} is '{}', but should be a whole number from 1 to {}", line.where, column, text.substr(0, 40), most);
    return *value;
  }

 private:
  std::map<std::string, std::size_t> columns_;
};

Graph layer_graph(const Table& table, const Line& line) {
  constexpr int kMostSide = 4096, kMostChannels = 65536;
  const std::string op = table.cell(line, "op");
  const int in = table.size(line, "in", kMostChannels), h = table.size(line, "h", kMostSide, 1);
  const int w = table.size(line, "w", kMostSide, h), out = table.size(line, "out", kMostChannels, in);
  const int kernel = table.size(line, "kernel", 64, 1), stride = table.size(line, "stride", 64, 1);
  GraphBuilder b(fmt::format("{} {}x{}x{} to {}, {}x{} stride {}", op, h, w, in, out, kernel, kernel, stride));
  if (op == "dense") {
    const TensorId x = b.input({1, in});
    return b.build({b.fully_connected(x, out, "layer")});
  }
  const TensorId x = b.input({1, h, w, in});
  if (op == "conv") return b.build({b.conv2d(x, out, kernel, {.stride = stride, .bias = true}, "layer")});
  if (op == "depthwise") return b.build({b.depthwise(x, kernel, {.stride = stride, .bias = true}, "layer")});
  if (op == "add") return b.build({b.node("layer", Add{}, {x, b.input({1, h, w, in}, "y")})});
  if (op == "average_pool")
    return b.build({b.node("layer", AveragePool2D{{kernel, kernel}, {stride, stride}, Padding::same()}, {x})});
  fail("{}: the op '{}' is none of conv, depthwise, dense, add, average_pool", line.where, op.substr(0, 40));
}

double ms_of(const Table& table, const Line& line) {
  const std::string text = table.cell(line, "ms");
  const auto value = parsed<double>(text);
  if (!value || !std::isfinite(*value) || *value <= 0 || *value > kMostMs)
    fail("{}: ms is '{}', but should be a number of milliseconds above 0", line.where, text.substr(0, 40));
  return *value;
}

// A file is looked for beside the table too, so that a folder of models and measurements can be moved.
Graph load_beside(const std::string& model, const std::filesystem::path& table) {
  const std::filesystem::path beside = table.parent_path() / model;
  std::error_code ignored;
  const bool here = std::filesystem::exists(model, ignored);
  return load_model(!here && std::filesystem::is_regular_file(beside, ignored) ? beside.string() : model);
}

// Under the plain header model,ms a model's own commas need no quotes.
void join_model(Line& line) {
  while (line.cells.size() > 2) {
    line.cells[0] += "," + line.cells[1];
    line.cells.erase(line.cells.begin() + 1);
  }
}

}  // namespace

std::vector<MeasuredModel> read_measurements(const std::filesystem::path& path) {
  std::vector<Line> lines = lines_of(read_text(path, kLargestFile), path.string());
  if (lines.empty()) fail("'{}' is empty; its first line should name the columns, as in model,ms", path.string());
  const Table table(lines[0].cells, path.string());
  const bool plain = lines[0].cells == std::vector<std::string>{"model", "ms"};
  std::vector<MeasuredModel> models;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    Line& line = lines[i];
    if (plain) join_model(line);
    if (line.cells.size() > lines[0].cells.size())
      fail("{} has {} cells, but the first line has {}; a model whose name has commas stands in quotes", line.where,
           line.cells.size(), lines[0].cells.size());
    const double ms = ms_of(table, line);
    const std::string model = table.cell(line, "model");
    if (model.empty() && table.cell(line, "op").empty()) fail("{} names no model", line.where);
    if (model.empty()) {
      Graph graph = layer_graph(table, line);
      std::string name = graph.name;
      models.push_back({std::move(name), std::move(graph), ms});
      continue;
    }
    const auto before = known.find(model);
    if (before == known.end()) known.emplace(model, models.size());
    try {
      models.push_back({model, before == known.end() ? load_beside(model, path) : models[before->second].graph, ms});
    } catch (const Error& error) {
      fail("{}: {}", line.where, error.what());
    }
  }
  return models;
}

}  // namespace Atoll
