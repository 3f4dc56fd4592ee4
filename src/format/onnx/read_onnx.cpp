#include "atoll/error.h"
#include "atoll/model.h"
#include "format/limits.h"
#include "format/onnx/fuse_activations.h"
#include "format/onnx/importer.h"
#include "format/onnx/integer_form.h"
#include "format/onnx/properties.h"

namespace Atoll {

Graph read_onnx(std::span<const std::byte> file, const std::string& name, const std::filesystem::path& folder) {
  try {
    format::Budget budget(name, file.size());
    const format::OnnxModel model = format::read_onnx_model({file, folder}, budget);
    Graph graph = format::Importer(model, budget).run(name);
    format::check_ranges(graph);
    graph = prune_unused(format::fuse_activations(std::move(graph)));
    graph = format::integer_form(format::signed_form(std::move(graph)));
    format::read_properties(graph, model.properties);
    format::check_ranges(graph);
    verify(graph);
    return graph;
  } catch (const Error& error) {
    fail("'{}' cannot be read as ONNX: {}", name, error.what());
  }
}

}  // namespace Atoll
