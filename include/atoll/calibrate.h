// Calibration: a user's own measurements into a target file; and the small networks worth measuring first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

struct MeasuredModel {
  std::string name;
  Graph graph;
  double ms = 0;
};

// CSV with a header. Columns, in any order: `ms`, and `model` (any MODEL word) or the parameters of one layer: `op`
// (conv, depthwise, dense, add, average_pool), `h`, `w`, `in`, `out`, `kernel`, `stride` (empty where the op has
// none). Other columns are ignored. Throws Error naming file and line.
std::vector<MeasuredModel> read_measurements(const std::filesystem::path& path);

enum class CalibrationKind : std::uint8_t {
  kAuto,        // whichever errs less in cross-validation
  kEdgeTpu,     // the physical parameters of a chip of the Edge TPU's kind
  kRegression,  // any device: rates of work by kind of layer, and what the measurements say beyond them
};

struct CalibrateOptions {
  std::string base = "edgetpu-usb3";  // where the fit starts; its predictions are used as far as they help
  std::string name;                   // of the new target
  std::string conditions;             // host, link, clock, date: kept in the file
  CalibrationKind kind = CalibrationKind::kAuto;
  std::uint64_t seed = 0;  // of the order in which rows are dealt to the folds
};

struct CalibratedTarget {
  std::string json;  // the target file
  CalibrationKind kind = CalibrationKind::kRegression;
  std::size_t rows = 0, folds = 0;
  double mape = 0, spearman = 0, within10 = 0;  // of rows that the fit had not seen
  double coverage80 = 0;                        // share of such rows within the 80 % interval
  bool uses_base = true;
  std::vector<std::string> notes;  // what a person should know: rows that were joined or left out
};

// Rows of one network are joined. Throws Error for fewer than 3 networks (5 for a regression), a time that is no
// positive number, one network with times further apart than half, a base that is not there or does not fit the kind.
CalibratedTarget calibrate(const std::vector<MeasuredModel>& models, const CalibrateOptions& options = {});

struct ProbeOptions {
  bool float_too = false;  // float32 twins beside the int8 networks
  std::uint64_t seed = 0;
};

// Small int8 networks that tell the chip's parameters apart: transfers in and out, convolutions by width, kernel
// and depth, depthwise, dense layers on and off the chip, element-wise ops. The same seed gives the same bytes.
std::vector<Graph> probe_models(std::uint64_t seed = 0);

// Writes them as .tflite into `folder`, with measurements.csv (a line for each model, its ms to be filled in) and a
// README that says how to measure. Returns the models' paths.
std::vector<std::filesystem::path> write_probe(const std::filesystem::path& folder, const ProbeOptions& options = {});

}  // namespace Atoll
