// Targets: what will run the network. `check` says whether every op maps, `predict` how long one inference
// takes and what bounds each layer. Both take a graph of any scheme: a float one is judged as the int8
// network it will become.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "atoll/graph.h"

namespace Atoll {

// The Edge TPU compiler's seven phrases.
enum class MapStatus : std::uint8_t {
  kMapped,                 // "Mapped to Edge TPU"
  kMoreThanOneSubgraph,    // "More than one subgraph is not supported"
  kUnspecifiedLimitation,  // "Operation is otherwise supported, but not mapped due to some unspecified limitation"
  kUnsupportedDataType,    // "Operation is working on an unsupported data type"
  kUnsupportedRank,        // "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
  kVersionNotSupported,    // "Operation version not supported"
  kNotSupported,           // "Operation not supported"
};
std::string_view phrase_of(MapStatus status);

struct OpVerdict {
  int node = 0;      // index into the checked graph's nodes
  std::string name;  // of the node
  std::string op;    // the compiler's name: "CONV_2D"
  MapStatus status = MapStatus::kMapped;
  std::string rule, reason, fix;  // empty when mapped; the rule's name, the value and the limit, what to do
};

struct CheckReport {
  Graph graph;  // the graph that was checked: inference form, .tflite's ops
  std::vector<OpVerdict> ops;
  int mapped_ops = 0, total_ops = 0, subgraphs = 0;
  std::int64_t onchip_bytes = 0, onchip_free_bytes = 0, offchip_bytes = 0;  // of parameters
  std::int64_t model_bytes = 0, compiled_bytes = 0;  // predicted sizes of the .tflite file and the compiled one
  bool already_compiled = false;                     // a file that the Edge TPU compiler wrote
  std::string refusal;  // why the compiler takes the file for no model at all; mostly empty
  bool fully_mapped() const { return mapped_ops == total_ops; }
};

struct CheckOptions {
  bool multiple_subgraphs = false;  // the compiler's --enable_multiple_subgraphs
  std::int64_t cache_taken = 0;     // bytes of the cache that models compiled before this one hold
};

struct LayerPrediction {
  std::string name, op;
  double ms = 0;
  std::string bound_by;  // "compute", "weights", "activations", "instructions", "input", "output", "fixed", "cpu"
  std::int64_t macs = 0;
  std::int64_t onchip_bytes = 0, offchip_bytes = 0;  // parameters cached and streamed
  std::int64_t activation_bytes = 0;                 // read and written
};

struct Prediction {
  double latency_ms = 0, low_ms = 0, high_ms = 0;  // steady state; 80 % interval
  double first_ms = 0;                             // the first inference, which fills the cache
  double energy_mj = 0;                            // a model, not a measurement; 0 where the target has none
  std::vector<LayerPrediction> layers;             // transfers first and last, as layers of their own
  std::int64_t onchip_bytes = 0, onchip_free_bytes = 0, offchip_bytes = 0;
  bool fully_mapped = true;
};

struct Roof {
  std::string name;       // "64 cells on 16 tiles", "weights over usb3"
  double gmac_per_s = 0;  // flat; 0: none
  double gb_per_s = 0;    // slanted: so many bytes a second, each for as many MACs as a layer makes of it
};

// A run of layers that a target has read once, so that networks which share it need not be built and read again.
class Part {
 public:
  virtual ~Part() = default;
};

struct PartsCost {
  double latency_ms = 0;
  std::int64_t onchip_bytes = 0, offchip_bytes = 0;  // of parameters
};

class Target {
 public:
  virtual ~Target() = default;
  virtual const std::string& name() const = 0;
  virtual std::string description() const = 0;
  virtual Prediction predict(const Graph& graph) const = 0;
  // predict(graph).latency_ms without the layers: what a search asks for, thousands of times.
  virtual double latency_ms(const Graph& graph) const { return predict(graph).latency_ms; }
  // The short way for a network that is several parts one after the other, each with one input and one output:
  // what predict says of the whole, to the last bit. nullptr: not for this target, or an op does not map.
  virtual std::shared_ptr<const Part> part(const Graph&) const { return nullptr; }
  virtual PartsCost cost(std::span<const Part* const> parts) const;
  // What no layer can pass: lines of a roofline plot. Empty where the target knows none.
  virtual std::vector<Roof> roofs() const { return {}; }
  // Targets that run everything answer a report with every op mapped.
  virtual CheckReport check(const Graph& graph, const CheckOptions& options = {}) const = 0;
};

// "edgetpu-usb3", "edgetpu-usb2", "edgetpu-pcie", "edgetpu-devboard", "cpu", or the path of a target file
// (.json). Throws Error with the nearest names.
std::shared_ptr<const Target> open_target(const std::string& name);
std::vector<std::string> target_names();

// The same target on a changed chip: "sram=16MiB,clock=1GHz,link=usb2", or fields of a target file by their
// dotted names. Throws Error for a target that is no Edge TPU.
std::shared_ptr<const Target> what_if(const std::string& target, const std::string& changes);

// One HTML page: where the time goes, time by layer and bound, roofline, parameter cache, table. With `before` the
// same network on the unchanged target stands beside it.
struct PredictionOn {
  const Target& target;
  const Prediction& prediction;
};
std::string prediction_page(const std::string& model, const PredictionOn& now, const PredictionOn* before = nullptr);

struct ComparedModel {
  std::string name;
  std::optional<double> top1;  // percent
  double latency_ms = 0, low_ms = 0, high_ms = 0;
  bool pareto = false;  // no other is at least as accurate and as fast, and better in one
  std::string note;     // how it runs, where that is not as it was published: "SiLU as LOGISTIC and MUL"
};
void mark_pareto(std::vector<ComparedModel>& models);
// For each model on the front the slowest one of about the same accuracy (up to 0.5 points above, 2 below) that takes
// twice its time or more: "a is at least as accurate as b (77.2 % and 76.4 %) and 10.3 times as fast".
std::vector<std::string> equal_but_faster(const std::vector<ComparedModel>& models);
// `accuracy` says where the accuracies come from: "as published".
std::string comparison_page(const std::vector<ComparedModel>& models, const Target& target,
                            const std::string& accuracy);

// The Edge TPU compiler's own words about a model: its block, and its table of operators.
struct CompilerFiles {
  std::string input, output, log;  // names as printed; no file is touched
  std::int64_t input_bytes = 0;    // 0: the report's model_bytes
};
std::string compiler_block(const CheckReport& report, const CompilerFiles& files);
std::string compiler_table(const CheckReport& report);
// "3.75MiB", "3377.00B": as the compiler prints sizes.
std::string compiler_size(std::int64_t bytes);

// The rules of the Edge TPU, as a page of documentation (Markdown).
std::string edgetpu_rules_page();

}  // namespace Atoll
