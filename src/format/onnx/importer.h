// Importer: makes a Graph of an ONNX network node by node. Layouts are kept as bookkeeping: a map stays [n, h, w, c]
// in the Graph whatever ONNX calls it, ONNX's own Transpose costs nothing, and values move only where an op cannot
// work on what is held. The families of ops are in the files import_*.cpp; each importer is one function.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "format/budget.h"
#include "format/onnx/layout.h"
#include "format/onnx/model.h"

namespace Atoll::format {

// ONNX flattened [c, h, w], of which the Graph holds another order: what the last axis unfolds to.
struct Flat {
  Shape meant;
  Order order;
  bool operator==(const Flat&) const = default;
};

struct Value {
  TensorId id = kNoTensor;
  Order order;  // axis i of the Graph's tensor is ONNX's axis order[i]
  std::optional<Flat> flat;
};

class Importer {
 public:
  Importer(const OnnxModel& model, Budget& budget) : model_(model), budget_(budget) {}
  Graph run(const std::string& name);

  // --- what the importers of ops read -------------------------------------------------------------------
  std::int64_t opset() const { return model_.opset; }
  const Graph& graph() const { return graph_; }
  // The value of a name; input i of a node, which must not be a constant. `real_input` must be float32.
  const Value& value(const std::string& name) const;
  const Value& input(const OnnxNode& node, std::size_t i = 0) const;
  const Value& real_input(const OnnxNode& node, std::size_t i = 0) const;
  const Shape& held(const Value& v) const { return graph_.tensor(v.id).shape; }
  Shape meant(const Value& v) const { return meant_shape(held(v), v.order); }
  // The constant of a name, or nothing; input i of a node, which must be one.
  const OnnxTensor* constant(const std::string& name) const;
  const OnnxTensor* constant_input(const OnnxNode& node, std::size_t i) const;
  const OnnxTensor& needed(const OnnxNode& node, std::size_t i) const;
  // An attribute that newer versions moved to an input; nothing where it is neither.
  std::optional<std::vector<std::int64_t>> attribute_or_input(const OnnxNode& node, const char* name,
                                                              std::size_t i) const;
  // The node of the Graph that makes `v`, if nobody but the ONNX node at hand reads it; it may then be changed.
  Node* sole_producer(const Value& v);

  // --- what they write ----------------------------------------------------------------------------------
  // Output 0 of the node: a new op of the Graph, an existing value, or a constant.
  Value& set(const OnnxNode& node, Op op, std::vector<TensorId> inputs, Order order);
  void set(const OnnxNode& node, Value value);
  void set(const OnnxNode& node, OnnxTensor constant);
  // A new op beside the node's own.
  Value append(const std::string& name, Op op, std::vector<TensorId> inputs, Order order);
  Tensor& tensor(TensorId id) { return graph_.tensor(id); }

  // The value held in another order; moves values (a Transpose) only where it must.
  Value arranged(const std::string& name, const Value& v, const Order& order);
  Value as_map(const OnnxNode& node, const Value& v);  // of rank 4, held [n, h, w, c]
  Value plain(const std::string& name, const Value& v);

  // The value with another shape in ONNX's sense; flattened maps stay as they are held.
  Value reshaped(const std::string& name, const Value& v, const Shape& shape);

  // A constant of the Graph: `tensor` held in `order`, called `as` where that is given (of the same values one after
  // another, and with the same first or last axis where it has one scale for each of its indices). Quantized ones are
  // followed by Dequantize.
  TensorId add_constant(const OnnxTensor& tensor, const Order& order, std::optional<Shape> as = {});
  TensorId add_floats(const std::string& name, const Shape& shape, std::vector<float> values);

  static constexpr std::int64_t kOldestOpset = 7, kNewestOpset = 24;

 private:
  void add_input(const OnnxValue& input);
  bool comes_channels_last(const OnnxValue& input) const;
  void import(const OnnxNode& node);
  void define(const OnnxNode& node, const std::string& name) const;
  void add_outputs();
  Value as_output(const std::string& name, const Value& v);

  const OnnxModel& model_;
  Budget& budget_;
  Graph graph_;
  std::map<std::string, Value> values_;
  std::map<std::string, OnnxTensor> constants_;
  std::map<std::string, std::vector<const OnnxNode*>> readers_;
  std::set<std::string> outputs_;
  std::map<TensorId, std::string> names_;  // ONNX's, of what was set
  struct Added {
    Order order;
    Quantization quantization;
    TensorId id = kNoTensor;
  };
  std::map<std::string, std::vector<Added>> added_;  // constants by their ONNX name
};

using Import = void (*)(Importer&, const OnnxNode&);
// The function that imports ops of a type, or nullptr.
Import importer_of(const std::string& type);
// "Add, AveragePool, …": every type that is imported.
std::string imported_types();

}  // namespace Atoll::format
