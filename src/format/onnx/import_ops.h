// One function for each kind of ONNX op, by families; import_table.cpp says which type each one imports.
#pragma once

#include "format/onnx/importer.h"

namespace Atoll::format {

// import_conv.cpp, import_pool.cpp
void import_conv(Importer& to, const OnnxNode& node);
void import_pool(Importer& to, const OnnxNode& node);
void import_global_pool(Importer& to, const OnnxNode& node);
// import_dense.cpp
void import_gemm(Importer& to, const OnnxNode& node);
void import_matmul(Importer& to, const OnnxNode& node);
// import_arithmetic.cpp
void import_binary(Importer& to, const OnnxNode& node);
void import_sum(Importer& to, const OnnxNode& node);
// import_activation.cpp
void import_elementwise(Importer& to, const OnnxNode& node);
void import_clip(Importer& to, const OnnxNode& node);
void import_min_max(Importer& to, const OnnxNode& node);
void import_hard_sigmoid(Importer& to, const OnnxNode& node);
void import_swish(Importer& to, const OnnxNode& node);
void import_softmax(Importer& to, const OnnxNode& node);
// import_normalization.cpp
void import_batch_norm(Importer& to, const OnnxNode& node);
// import_shape.cpp
void import_identity(Importer& to, const OnnxNode& node);
void import_flatten(Importer& to, const OnnxNode& node);
void import_reshape(Importer& to, const OnnxNode& node);
void import_squeeze(Importer& to, const OnnxNode& node);
void import_unsqueeze(Importer& to, const OnnxNode& node);
void import_transpose(Importer& to, const OnnxNode& node);
// import_join.cpp
void import_concat(Importer& to, const OnnxNode& node);
void import_pad(Importer& to, const OnnxNode& node);
void import_reduce_mean(Importer& to, const OnnxNode& node);
// import_quantize.cpp
void import_cast(Importer& to, const OnnxNode& node);
void import_quantize(Importer& to, const OnnxNode& node);
void import_dequantize(Importer& to, const OnnxNode& node);

// import_arithmetic.cpp: `values`, one for each channel, as the bias of the layer that makes `v`, where it has none
// and nobody else reads it.
bool add_bias(Importer& to, const OnnxNode& node, const OnnxTensor& values, const Value& v);

}  // namespace Atoll::format
