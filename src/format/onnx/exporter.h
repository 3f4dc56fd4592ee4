// Exporter: writes a Graph as ONNX node by node, channels first. It keeps layouts as the Importer does: what the Graph
// means as [n, h, w, c] is held by the file as [n, c, h, w], a Transpose of the Graph costs nothing, and values move
// only where ONNX's op cannot work on what is held. An integer tensor is written as QuantizeLinear behind its op, and
// DequantizeLinear before each op that reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "atoll/graph.h"
#include "format/onnx/layout.h"
#include "format/onnx/onnx_writer.h"

namespace Atoll::format {

// A value of the file: its axis i is the Graph's axis order[i]. `flat`: the last axis of a matrix unfolds to these
// dimensions of the Graph's, held in that order.
struct Held {
  std::string name;
  Shape meant;
  Order order;
  struct Flat {
    Shape meant;
    Order order;
  };
  std::optional<Flat> flat;
};

class Exporter {
 public:
  explicit Exporter(const Graph& graph);
  std::vector<std::byte> run();

  // --- what the exporters of ops use --------------------------------------------------------------------
  const Graph& graph() const { return graph_; }
  const Tensor& tensor(TensorId id) const { return graph_.tensor(id); }

  // Input i of the node as real numbers; as a map it is held [n, c, h, w].
  Held real(const Node& node, std::size_t i = 0);
  Held map(const Node& node, std::size_t i = 0);
  Held arranged(const std::string& name, const Held& x, const Order& order);
  Held plain(const std::string& name, const Held& x);
  Held reshaped(const std::string& name, const Held& x, const Shape& shape);

  bool is_constant(const Node& node, std::size_t i) const;
  bool has_input(const Node& node, std::size_t i) const { return i < node.inputs.size() && node.inputs[i] >= 0; }
  // Input i of the node, a constant, meant as `meant` (the same values one after another) and held in `order`,
  // called `as` where that is given. As real numbers.
  std::string constant(const Node& node, std::size_t i, const Shape& meant, const Order& order,
                       std::optional<Shape> as = {});
  // Constants of the file's own.
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  std::string number(const std::string& name, float value);

  // A step of the node's own before its last one; answers the name of what it makes.
  std::string step(const Node& node, const std::string& what, std::string_view type, std::vector<std::string> inputs,
                   const OnnxAttributes& attributes = {});
  // The node's output: an op of ONNX, with the fused activation and quantization behind it.
  void make(const Node& node, std::string_view type, std::vector<std::string> inputs, const Held& like,
            const OnnxAttributes& attributes = {});
  // The node's output is the same value, called or reshaped otherwise.
  void same(const Node& node, const Held& value);

 private:
  void add_input(TensorId id);
  void add_output(TensorId id);
  Held real_of(TensorId id);
  TensorId stored(TensorId id) const;
  bool is_integer(TensorId id) const;
  std::string name_for(TensorId id, const Held& value);
  std::vector<std::string> scale_and_zero(TensorId id);
  void quantize(TensorId id, const Held& value);

  const Graph& graph_;
  const Uses uses_;
  OnnxWriter file_;
  std::map<TensorId, Held> reals_, integers_;  // activations as the file has them, made real once for all readers
  std::map<TensorId, std::vector<std::string>> parameters_;
  struct Constant {
    Order order;
    Shape shape;
    std::string name;
  };
  std::map<TensorId, std::vector<Constant>> constants_;
  std::map<TensorId, std::string> output_names_;  // those that are not taken yet
};

// Writes one node. Throws Error for an op that ONNX files of ours cannot hold.
void export_op(Exporter& to, const Node& node);

}  // namespace Atoll::format
