#include "atoll/error.h"
#include "atoll/model.h"
#include "format/onnx/export_ops.h"

namespace Atoll {
namespace format {
namespace {

[[noreturn]] void training_form(const Node& node) {
  fail("{} '{}' exists in training only: fold the network into its inference form before writing it as ONNX",
       name_of(node.op), node.name);
}

}  // namespace

void export_op(Exporter&, const Node& node, const BatchNorm&) { training_form(node); }
void export_op(Exporter&, const Node& node, const Dropout&) { training_form(node); }
void export_op(Exporter&, const Node& node, const Opaque& op) {
  fail("'{}' is an op that Atoll can read but not write as ONNX: {}", node.name, op.type);
}

void export_op(Exporter& to, const Node& node) {
  std::visit([&](const auto& op) { export_op(to, node, op); }, node.op);
}

}  // namespace format

std::vector<std::byte> write_onnx(const Graph& graph) {
  verify(graph);
  try {
    return format::Exporter(prune_unused(graph)).run();
  } catch (const Error& error) {
    fail("'{}' cannot be written as ONNX: {}", graph.name, error.what());
  }
}

}  // namespace Atoll
