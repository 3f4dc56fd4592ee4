// Fully connected layers: Gemm, and MatMul with a matrix of constants.
#include "format/onnx/import_ops.h"

namespace Atoll::format {
namespace {

OnnxTensor scaled(const OnnxTensor& tensor, float factor) {
  if (factor == 1) return tensor;
  std::vector<float> values = tensor.floats();
  for (float& value : values) value *= factor;
  return OnnxTensor::of(tensor.name + "/scaled", tensor.shape, values);
}

// The matrix as [out, in], its inputs in the order in which `x` holds them.
TensorId add_weights(Importer& to, const OnnxNode& node, OnnxTensor w, bool out_first, const Value& x) {
  const std::int64_t out = w.shape[out_first ? 0 : 1], in = w.shape[out_first ? 1 : 0];
  const int out_axis = out_first ? 0 : 1;
  if (w.quantization.per_channel() && w.quantization.axis != out_axis)
    w = OnnxTensor::of(w.name, w.shape, w.floats());  // scales along the inputs are no form of ours
  if (!x.flat) return to.add_constant(w, out_first ? Order{0, 1} : Order{1, 0});
  if (x.flat->meant.elements() != in) node.reject("its weights do not fit the flattened map");
  Shape unfolded;
  Order order;
  if (out_first) unfolded.push_back(out);
  for (const std::int64_t dim : x.flat->meant) unfolded.push_back(dim);
  if (!out_first) unfolded.push_back(out);
  order.push_back(out_first ? 0 : unfolded.rank() - 1);
  for (const int axis : x.flat->order) order.push_back(axis + (out_first ? 1 : 0));
  w.shape = unfolded;
  if (w.quantization.per_channel()) w.quantization.axis = order[0];
  return to.add_constant(w, order, Shape{out, in});
}

const OnnxTensor& matrix(Importer& to, const OnnxNode& node) {
  const OnnxTensor& w = to.needed(node, 1);
  if (!w.is_real() || w.shape.rank() != 2 || w.shape.elements() == 0)
    node.reject(fmt::format("input 1 is {}, but should be a matrix of real constants", w.shape.str()));
  return w;
}

// The addend as one value for each of `out` columns.
TensorId add_columns(Importer& to, const OnnxNode& node, const OnnxTensor& c, std::int64_t out) {
  if (c.shape.elements() == out && (c.shape.rank() == 0 || c.shape.back() == out)) {
    OnnxTensor column = c;
    if (column.quantization.per_channel()) column.quantization.axis = 0;
    column.shape = {out};
    return to.add_constant(column, {0});
  }
  if (c.shape.elements() != 1) node.reject(fmt::format("an addend of {} does not fit {} outputs", c.shape.str(), out));
  return to.add_floats(c.name, {out}, std::vector<float>(static_cast<std::size_t>(out), c.floats()[0]));
}

}  // namespace

void import_gemm(Importer& to, const OnnxNode& node) {
  if (node.integer("transA", 0) != 0) node.reject("transA should be 0");
  Value x = to.real_input(node);
  if (to.held(x).rank() != 2) node.reject(fmt::format("its input is {}, but should be a matrix", to.meant(x).str()));
  if (!x.flat) x = to.plain(node.outputs[0] + "/plain", x);
  const bool out_first = node.integer("transB", 0) != 0;
  const OnnxTensor w = scaled(matrix(to, node), node.real("alpha", 1));
  std::vector<TensorId> inputs = {x.id, add_weights(to, node, w, out_first, x)};
  const std::int64_t out = w.shape[out_first ? 0 : 1];
  if (node.has_input(2)) inputs.push_back(add_columns(to, node, scaled(to.needed(node, 2), node.real("beta", 1)), out));
  to.set(node, FullyConnected{}, std::move(inputs), plain_order(2));
}

void import_matmul(Importer& to, const OnnxNode& node) {
  Value x = to.real_input(node);
  const OnnxTensor& w = matrix(to, node);
  const int rank = to.held(x).rank();
  if (rank < 2) node.reject(fmt::format("its input is {}, but should be a matrix", to.meant(x).str()));
  // Rows may lie in any order, as long as each is held in one piece.
  const bool rows_together = x.order.back() == rank - 1 && (rank > 2 || x.order[0] == 0);
  if (!rows_together || (x.flat && rank > 2)) x = to.plain(node.outputs[0] + "/plain", x);
  const TensorId weights = add_weights(to, node, w, false, x);
  to.set(node, FullyConnected{.keep_dims = rank > 2}, {x.id, weights}, x.order);
}

}  // namespace Atoll::format
