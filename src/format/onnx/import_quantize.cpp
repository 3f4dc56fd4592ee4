// Between real numbers and integers.
#include "format/onnx/import_ops.h"
#include "format/onnx/quantization.h"

namespace Atoll::format {
namespace {

Quantization parameters(Importer& to, const OnnxNode& node, const Shape& shape) {
  const Quantization q =
      quantization_of(node, shape, to.needed(node, 1), node.has_input(2) ? &to.needed(node, 2) : nullptr);
  if (q.per_channel()) node.reject("a scale for each channel is supported for constants only");
  return q;
}

void dequantize(Importer& to, const OnnxNode& node, const Value& v, const Quantization& q) {
  Tensor& x = to.tensor(v.id);
  if (x.dtype != DType::kInt8 && x.dtype != DType::kUInt8)
    node.reject(fmt::format("its input is {}, but should be int8 or uint8", Atoll::name_of(x.dtype)));
  if (x.quantization.empty()) x.quantization = q;  // an input of the network
  if (x.quantization != q)
    node.reject(fmt::format("its scale {} and zero point {} differ from those with which '{}' was quantized",
                            q.scale[0], q.zero_point[0], x.name));
  Value& y = to.set(node, Dequantize{}, {v.id}, v.order);
  y.flat = v.flat;
  to.tensor(y.id).dtype = DType::kFloat32;
  to.tensor(y.id).quantization = {};
}

}  // namespace

void import_quantize(Importer& to, const OnnxNode& node) {
  const Value v = to.real_input(node);
  const Quantization q = parameters(to, node, to.meant(v));
  const DType type = quantized_type(node, node.has_input(2) ? &to.needed(node, 2) : nullptr);
  Value& y = to.set(node, Quantize{}, {v.id}, v.order);
  y.flat = v.flat;
  to.tensor(y.id).dtype = type;
  to.tensor(y.id).quantization = q;
}

void import_dequantize(Importer& to, const OnnxNode& node) {
  const Value v = to.input(node);
  dequantize(to, node, v, parameters(to, node, to.meant(v)));
}

// All real numbers are float32 here. Pixels that are cast are integers with a scale of 1.
void import_cast(Importer& to, const OnnxNode& node) {
  const Value v = to.input(node);
  const DType type = dtype_of(static_cast<OnnxType>(node.integer("to", 0)), node.outputs[0]);
  if (type != DType::kFloat32 && type != DType::kFloat16)
    node.reject(fmt::format("a value is cast to {}, but only floats are supported", Atoll::name_of(type)));
  if (to.tensor(v.id).dtype == DType::kFloat32) return to.set(node, v);
  dequantize(to, node, v, {.scale = {1.0f}, .zero_point = {0}});
}

}  // namespace Atoll::format
