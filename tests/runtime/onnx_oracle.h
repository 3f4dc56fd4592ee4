// onnxruntime as an oracle: the ONNX models of a folder are checked, run on drawn inputs, and their outputs handed to
// the test. The environment names the Python in ATOLL_LITERT_PYTHON; networks come from Python too, or from our writer.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "runtime/npy.h"
#include "temporary_folder.h"

namespace Atoll::onnx {

struct Case {
  std::filesystem::path path;    // of the model
  std::vector<NpyArray> inputs;  // all in ONNX's layout
  NpyArray output;               // as onnxruntime's users get it: it fuses nodes
  NpyArray plain;                // each node computed as the file has it: integers by way of real numbers
};

class Oracle {
 public:
  // Runs tests/runtime/onnx/SCRIPT with the folder: it makes models there. False where it has not what it needs; then
  // `reason` says what.
  bool make(const std::string& script, const std::string& python);
  // Checks and runs every model of the folder. False where onnx is missing.
  bool run();
  // Whether onnxruntime ran them; else ONNX's reference implementation ran the small ones.
  bool has_onnxruntime() const;

  const std::vector<Case>& cases() const { return cases_; }
  const std::string& reason() const { return reason_; }      // why a script could not run
  const std::string& failures() const { return failures_; }  // what it found wrong with the models
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  static std::string python();  // empty where the environment names none

 private:
  int call(const std::string& python, const std::string& script);

  TemporaryFolder folder_;
  std::vector<Case> cases_;
  std::string reason_, failures_;
};

// The output of a graph on ONNX's inputs, in ONNX's layout: maps [n, c, h, w] go in and come out where `expected`
// has that shape.
NpyArray run(const Graph& graph, const std::vector<NpyArray>& inputs, const Shape& expected, bool fast);

// How far two outputs are from each other.
struct Difference {
  double distance = 0;         // the largest
  double largest = 0;          // the same as a share of the largest expected value
  double equal = 0, near = 0;  // of integers: the shares that are the same, and at most one step away
  std::string text() const;
};
Difference difference(const NpyArray& found, const NpyArray& expected);

// The network in integers with made-up scales, those of Softmax, Sigmoid and Tanh as TFLite's rules fix them.
Graph random_int8(const Graph& network);

// Of the whole graph; a network without leftovers of another layout has none.
int count_transposes(const Graph& graph);

}  // namespace Atoll::onnx
