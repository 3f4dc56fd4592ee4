#include "edgetpu/cross_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "edgetpu/errors.h"

namespace Atoll::edgetpu_accuracy {
namespace {

constexpr int kFolds = 10;
constexpr double kCoverage = 0.8;

using Group = std::function<std::string(std::size_t)>;

std::string family_of(const Row& row) { return row.measurement->family + ", " + row.measurement->link; }

// Predictions of every row by a fit that has seen no row of its group.
std::vector<double> held_out(std::span<const Row> rows, const Group& group) {
  std::set<std::string> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) groups.insert(group(i));
  std::vector<double> predicted(rows.size());
  for (const std::string& left_out : groups) {
    std::vector<const Row*> seen;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (group(i) != left_out) seen.push_back(&rows[i]);
    const Chips chips = fit(nominal_chips(), seen);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (group(i) == left_out) predicted[i] = predicted_ms(chips, rows[i]);
  }
  return predicted;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

struct Bounds {
  double low = 0, high = 0;
};
Bounds bounds_of(const std::vector<double>& ratios) {
  return {quantile(ratios, (1 - kCoverage) / 2), quantile(ratios, (1 + kCoverage) / 2)};
}

void print(const char* title, std::span<const Row> rows, const std::vector<double>& predicted, bool families) {
  Errors all;
  std::map<std::string, Errors> by_family;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all.add(predicted[i], rows[i].measurement->ms);
    by_family[family_of(rows[i])].add(predicted[i], rows[i].measurement->ms);
  }
  fmt::print("  {:<28} {}\n", title, all.str());
  if (!families) return;
  for (const auto& [name, errors] : by_family) fmt::print("    {:<26} {}\n", name, errors.str());
}

// An interval made from all families but one, tried on that one.
double coverage(std::span<const Row> rows, const std::vector<double>& predicted) {
  std::set<std::string> families;
  for (const Row& row : rows) families.insert(family_of(row));
  double inside = 0;
  for (const std::string& family : families) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (family_of(rows[i]) != family) ratios.push_back(rows[i].measurement->ms / predicted[i]);
    const Bounds bounds = bounds_of(ratios);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double ratio = rows[i].measurement->ms / predicted[i];
      inside += family_of(rows[i]) == family && ratio >= bounds.low && ratio <= bounds.high ? 1 : 0;
    }
  }
  return inside / static_cast<double>(rows.size());
}

}  // namespace

void cross_validate(std::span<const Row> rows, bool verbose) {
  std::vector<const Row*> all;
  for (const Row& row : rows) all.push_back(&row);
  const Chips nominal = nominal_chips(), fitted = fit(nominal, all);
  std::vector<double> before, inside;
  for (const Row& row : rows) {
    before.push_back(predicted_ms(nominal, row));
    inside.push_back(predicted_ms(fitted, row));
  }
  const auto fold = [](std::size_t i) { return std::to_string(i % kFolds); };
  const std::vector<double> folds = held_out(rows, fold);
  const std::vector<double> families = held_out(rows, [&](std::size_t i) { return family_of(rows[i]); });
  fmt::print("\nParameters fitted anew, from the data sheets' values on\n{}", parameters_table(fitted));
  fmt::print("\nErrors of such fits\n");
  print("data sheets, no fit", rows, before, verbose);
  print("in the sample", rows, inside, verbose);
  print("ten folds", rows, folds, verbose);
  print("families left out", rows, families, true);
  std::vector<double> ratios;
  double stated = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ratios.push_back(rows[i].measurement->ms / folds[i]);
    const edgetpu::Interval interval = nominal.at(rows[i].measurement->link).interval;
    stated += ratios.back() >= interval.low && ratios.back() <= interval.high ? 1 : 0;
  }
  const Bounds bounds = bounds_of(ratios);
  fmt::print(
      "  80 % of the rows held out by folds lie within {:.2f} to {:.2f} times the prediction; an interval made from "
      "the other families holds {:.0f} %; the stated interval holds {:.0f} %\n",
      bounds.low, bounds.high, 100 * coverage(rows, folds), 100 * stated / static_cast<double>(rows.size()));
}

}  // namespace Atoll::edgetpu_accuracy
