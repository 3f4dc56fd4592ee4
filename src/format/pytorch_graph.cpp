// PyTorch's tensors into a zoo network: each constant finds its tensor by the name that its makers gave it.
#include <map>
#include <set>

#include "atoll/error.h"
#include "atoll/pytorch.h"
#include "base/file.h"
#include "format/fill_weights.h"
#include "format/weight_names.h"
#include "format/weight_order.h"

namespace Atoll {
namespace {

// The tensor that fills a constant: by its makers' names where they are known, else by order.
class Sources {
 public:
  Sources(const Graph& graph, std::span<const NamedTensor> tensors) {
    if (const std::optional<WeightNames> names = recognise(tensors)) {
      if (*names == WeightNames::kTimm && graph.name.starts_with("mobilenet-edgetpu"))
        fail(
            "timm's MobileNetEdgeTPU is another network than '{}': it has a ReLU behind the first projection, which "
            "the published one has not",
            graph.name);
      namer_.emplace(graph, *names);
      if (fits_by_name(graph, tensors)) return;
      // A relative of the known networks; should its order not fit either, the names tell more.
      try {
        by_order_ = format::match_by_order(graph, tensors);
        namer_.reset();
      } catch (const Error&) {
      }
      return;
    }
    by_order_ = format::match_by_order(graph, tensors);
  }

  std::optional<std::string> of(const std::string& constant) const {
    if (namer_) return namer_->source_of(constant);
    const auto found = by_order_.find(constant);
    return found == by_order_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<float> epsilon() const { return namer_ ? std::optional(namer_->batch_norm_epsilon()) : std::nullopt; }

 private:
  bool fits_by_name(const Graph& graph, std::span<const NamedTensor> tensors) const {
    std::set<std::string> names;
    for (const NamedTensor& tensor : tensors) names.insert(tensor.name);
    for (const Node& node : graph.nodes)
      for (const TensorId id : node.inputs) {
        if (id == kNoTensor || !graph.tensor(id).constant || !graph.tensor(id).data.empty()) continue;
        const std::optional<std::string> source = namer_->source_of(graph.tensor(id).name);
        if (!source || !names.contains(*source)) return false;
      }
    return true;
  }

  std::optional<format::WeightNamer> namer_;
  std::map<std::string, std::string> by_order_;
};

}  // namespace

Graph with_pytorch_weights(const Graph& graph, std::span<const NamedTensor> tensors, const WeightOptions& options) {
  const Sources sources(graph, tensors);
  Graph network = graph;
  for (Node& node : network.nodes)
    if (auto* norm = std::get_if<BatchNorm>(&node.op))
      norm->epsilon = options.batch_norm_epsilon.value_or(sources.epsilon().value_or(norm->epsilon));
  return format::fill_weights(network, tensors,
                              {.layout = format::WeightLayout::kPytorch,
                               .of = [&](const std::string& constant) { return sources.of(constant); },
                               .is_auxiliary = format::is_auxiliary});
}

Graph load_pytorch_weights(const Graph& graph, const std::filesystem::path& file, const WeightOptions& options) {
  const std::string extension = file.extension().string();
  if (extension != ".pth" && extension != ".pt")
    fail("weights cannot be read from '{}': its name should end in .pth or .pt", file.string());
  return with_pytorch_weights(graph, read_pytorch_weights(read_file(file), file.string()), options);
}

}  // namespace Atoll
