// How few measurements teach a target the latency of a device: Accel-NASBench's networks on its two FPGAs, a number of
// rows drawn at random to learn from and all the rest to be judged by, beside baselines that anybody would try first.
//   build/benchmarks/calibrate [DRAWS [ROWS…]]
#include "target/calibrated/calibrate.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "atoll/random.h"
#include "atoll/target.h"
#include "atoll/zoo.h"
#include "base/timer.h"
#include "target/edgetpu_data.h"

namespace {

using namespace Atoll;

struct Row {
  calibrated::Workload work;
  std::map<std::string, double> ms;  // by device
};
using Rows = std::vector<Row>;
using Order = std::vector<std::size_t>;
// Learns from the first `seen` rows of `order` and predicts the rest.
using Method =
    std::function<std::vector<double>(const Rows&, const std::string& device, const Order& order, std::size_t seen)>;

const std::vector<std::string> kDevices = {"zcu102", "vck190"};

std::string zoo_name(const std::map<std::string, std::string>& row) {
  std::string name;
  for (int block = 0; block < 7; ++block)
    for (const char* field : {"e", "k", "l", "se"})
      name += (name.empty() ? "accel-nasbench:" : ",") + row.at(fmt::format("block{}_{}", block, field));
  return name;
}

Rows read_rows(const std::filesystem::path& path) {
  const auto base = open_target("edgetpu-usb3");
  Rows rows;
  for (const auto& line : edgetpu_data::read_csv(path)) {
    const Graph graph = build_zoo_model(zoo_name(line));
    Row row{calibrated::workload_of(deployed(graph)), {}};
    row.work.base_ms = base->latency_ms(graph);
    for (const std::string& device : kDevices)
      if (const std::string& cell = line.at("latency_" + device); !cell.empty()) row.ms[device] = std::stod(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

double sum_over(const calibrated::Workload& work, const std::function<double(const edgetpu::Layer&)>& of) {
  double sum = 0;
  for (std::size_t i = 0; i < work.layers.size(); ++i) sum += work.counts[i] * of(work.layers[i]);
  return sum;
}
double macs_of(const calibrated::Workload& work) {
  return sum_over(work, [](const edgetpu::Layer& layer) { return static_cast<double>(layer.macs); });
}
double parameters_of(const calibrated::Workload& work) {
  return sum_over(work, [](const edgetpu::Layer& layer) { return static_cast<double>(layer.parameter_bytes); });
}

// One number for each network, times the median ratio of the rows seen.
Method proportional(const std::function<double(const calibrated::Workload&)>& amount) {
  return [amount](const Rows& rows, const std::string& device, const Order& order, std::size_t seen) {
    std::vector<double> ratios, predicted;
    for (std::size_t i = 0; i < seen; ++i) ratios.push_back(rows[order[i]].ms.at(device) / amount(rows[order[i]].work));
    for (std::size_t i = seen; i < order.size(); ++i) predicted.push_back(median(ratios) * amount(rows[order[i]].work));
    return predicted;
  };
}

// Ridge regression on how many ops of each kind and window a network has, and its MACs and parameters; the penalty by
// leave-one-out error.
std::vector<double> ridge(const Rows& rows, const std::string& device, const Order& order, std::size_t seen) {
  std::map<std::string, Eigen::Index> columns;
  const auto key = [](const edgetpu::Layer& layer) {
    return fmt::format("{} {} {}", static_cast<int>(layer.kind), layer.kernel_y, layer.stride_y);
  };
  for (const std::size_t i : order)
    for (const edgetpu::Layer& layer : rows[i].work.layers)
      columns.emplace(key(layer), static_cast<Eigen::Index>(columns.size()));
  const auto width = static_cast<Eigen::Index>(columns.size()) + 2;
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(order.size()), width);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const calibrated::Workload& work = rows[order[static_cast<std::size_t>(i)]].work;
    for (std::size_t l = 0; l < work.layers.size(); ++l) x(i, columns.at(key(work.layers[l]))) += work.counts[l];
    x(i, width - 2) = macs_of(work);
    x(i, width - 1) = parameters_of(work);
  }
  const auto n = static_cast<Eigen::Index>(seen);
  const Eigen::RowVectorXd mean = x.topRows(n).colwise().mean();
  x.rowwise() -= mean;
  const Eigen::RowVectorXd deviation =
      (x.topRows(n).colwise().squaredNorm() / static_cast<double>(n)).cwiseSqrt().cwiseMax(1e-9);
  x.array().rowwise() /= deviation.array();
  Eigen::VectorXd y(n);
  for (Eigen::Index i = 0; i < n; ++i) y(i) = rows[order[static_cast<std::size_t>(i)]].ms.at(device);
  const double offset = y.mean();
  y.array() -= offset;
  const Eigen::MatrixXd seen_x = x.topRows(n);
  const Eigen::MatrixXd gram = seen_x.transpose() * seen_x;
  Eigen::VectorXd best;
  double least = 1e300;
  for (double penalty = 1e-3; penalty < 2e3; penalty *= 10) {
    const Eigen::MatrixXd inverse = (gram + penalty * Eigen::MatrixXd::Identity(width, width)).inverse();
    const Eigen::VectorXd weights = inverse * (seen_x.transpose() * y);
    const Eigen::VectorXd leverage = (seen_x * inverse).cwiseProduct(seen_x).rowwise().sum();
    const double error =
        ((y - seen_x * weights).array() / (1 - 1.0 / static_cast<double>(n) - leverage.array()).max(1e-6))
            .matrix()
            .norm();
    if (error < least) {
      least = error;
      best = weights;
    }
  }
  const Eigen::VectorXd predicted = (x.bottomRows(x.rows() - n) * best).array() + offset;
  return {predicted.data(), predicted.data() + predicted.size()};
}

std::vector<calibrated::MeasuredWork> samples_of(const Rows& rows, const std::string& device, const Order& order,
                                                 std::size_t seen) {
  std::vector<calibrated::MeasuredWork> samples;
  for (std::size_t i = 0; i < seen; ++i) samples.push_back({rows[order[i]].work, rows[order[i]].ms.at(device)});
  return samples;
}

std::vector<double> atoll(const Rows& rows, const std::string& device, const Order& order, std::size_t seen) {
  const calibrated::Posterior posterior(
      calibrated::fit_regression_choosing_base(samples_of(rows, device, order, seen)));
  std::vector<double> predicted;
  for (std::size_t i = seen; i < order.size(); ++i) predicted.push_back(posterior.ms(rows[order[i]].work));
  return predicted;
}

// The share of the rows left that lie in the 80 % interval which the rows seen ask for.
double interval_holds(const Rows& rows, const std::string& device, const Order& order, std::size_t seen) {
  const std::vector<calibrated::MeasuredWork> samples = samples_of(rows, device, order, seen);
  const double width = calibrated::cross_validate_regression(samples).width;
  const calibrated::Posterior posterior(calibrated::fit_regression_choosing_base(samples));
  int inside = 0;
  for (std::size_t i = seen; i < order.size(); ++i) {
    const calibrated::Estimate estimate = posterior.estimate(rows[order[i]].work);
    if (std::abs(std::log(rows[order[i]].ms.at(device) / estimate.ms)) <= width * estimate.spread) ++inside;
  }
  return static_cast<double>(inside) / static_cast<double>(order.size() - seen);
}

struct Named {
  const char* name;
  Method method;
};

void judge(const Rows& rows, const std::string& device, std::size_t seen, std::uint64_t draws) {
  const std::vector<Named> methods = {{"atoll calibrate", atoll},
                                      {"ridge on op counts", ridge},
                                      {"MACs alone", proportional(macs_of)},
                                      {"parameters alone", proportional(parameters_of)}};
  Order measured;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].ms.contains(device)) measured.push_back(i);
  std::vector<std::vector<calibrated::Scores>> scores(methods.size());
  std::vector<double> holds;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    Order order = measured;
    Rng(2024, draw).shuffle(std::span<std::size_t>(order));
    std::vector<double> truth;
    for (std::size_t i = seen; i < order.size(); ++i) truth.push_back(rows[order[i]].ms.at(device));
    holds.push_back(interval_holds(rows, device, order, seen));
    for (std::size_t m = 0; m < methods.size(); ++m)
      scores[m].push_back(calibrated::score(methods[m].method(rows, device, order, seen), truth));
  }
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const auto of = [&](double calibrated::Scores::*field) {
      std::vector<double> values;
      for (const calibrated::Scores& score : scores[m]) values.push_back(score.*field);
      return values;
    };
    const std::vector<double> spearman = of(&calibrated::Scores::spearman);
    fmt::print("{:<8} {:>5} {:<20} {:>9.4f} {:>9.4f} {:>9.2f} % {:>9.1f} % {:>12}\n", device, seen, methods[m].name,
               median(spearman), *std::min_element(spearman.begin(), spearman.end()),
               100 * median(of(&calibrated::Scores::mape)), 100 * median(of(&calibrated::Scores::within10)),
               m == 0 ? fmt::format("{:.0f} %", 100 * median(holds)) : "");
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto folder = edgetpu_data::folder();
  const auto path = folder ? folder->parent_path() / "search" / "accel_nasbench.csv" : std::filesystem::path();
  if (!folder || !std::filesystem::exists(path)) {
    fmt::print("No Accel-NASBench: set ATOLL_DATA to a folder that has search/accel_nasbench.csv in it.\n");
    return 0;
  }
  const std::uint64_t draws = argc > 1 ? std::stoull(argv[1]) : 10;
  std::vector<std::size_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::stoull(argv[i]));
  if (sizes.empty()) sizes = {10, 30, 100, 900};
  const Rows rows = read_rows(path);
  fmt::print("{} networks; median of {} draws; errors on all rows that were not drawn\n", rows.size(), draws);
  fmt::print("{:<8} {:>5} {:<20} {:>9} {:>9} {:>11} {:>11} {:>12}\n", "device", "rows", "method", "Spearman", "worst",
             "error", "within 10 %", "in interval");
  for (const std::string& device : kDevices)
    for (const std::size_t seen : sizes) judge(rows, device, seen, draws);
}
