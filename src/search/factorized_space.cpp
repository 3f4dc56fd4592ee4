#include "search/factorized_space.h"

#include <algorithm>
#include <bit>

#include "atoll/error.h"
#include "search/blocks.h"

namespace Atoll {
namespace {

template <typename T, typename Text>
void declare(std::vector<Decision>& decisions, const std::string& name, const std::vector<T>& choices, Text text) {
  if (choices.empty()) fail("space decision '{}' has no choice, but needs one at least", name);
  if (choices.size() == 1) return;
  Decision decision{.name = name, .choices = {}};
  for (const T& choice : choices) decision.choices.push_back(text(choice));
  if constexpr (std::is_same_v<T, int>)
    if (name.ends_with("channels") || name.ends_with("expansion"))
      decision.widest = static_cast<int>(std::max_element(choices.begin(), choices.end()) - choices.begin());
  decisions.push_back(std::move(decision));
}

// Reads a genotype in the order in which the decisions were declared.
class GenotypeReader {
 public:
  explicit GenotypeReader(const Genotype& genotype) : genotype_(genotype) {}
  template <typename T>
  T take(const std::vector<T>& choices) {
    return choices.size() == 1 ? choices[0] : choices[static_cast<std::size_t>(genotype_[next_++])];
  }

 private:
  const Genotype& genotype_;
  std::size_t next_ = 0;
};

Op activation_named(const std::string& name) {
  if (name == "relu") return Relu{};
  if (name == "relu6") return Relu6{};
  if (name == "swish") return Swish{};
  if (name == "hard-swish") return HardSwish{};
  fail("activation '{}' is not known: expected relu, relu6, swish or hard-swish", name);
}

}  // namespace

std::string BlockChoice::str() const {
  const char* names[] = {"fused", "depthwise", "plain", "grouped"};
  return fmt::format("{}{}x{}", names[static_cast<int>(kind)], kernel, kernel);
}

BlockChoice parse_block(const std::string& text) {
  for (const BlockKind kind : {BlockKind::kFused, BlockKind::kDepthwise, BlockKind::kPlain, BlockKind::kGrouped})
    for (const int kernel : {3, 5, 7})
      if (const BlockChoice choice{kind, kernel}; choice.str() == text) return choice;
  fail(
      "block '{}' is not known: expected fused, depthwise, plain or grouped with a kernel of 3x3, 5x5 or 7x7, as in "
      "'fused3x3'",
      text);
}

FactorizedSpace::FactorizedSpace(SpaceTable table, const SpaceOptions& options)
    : table_(std::move(table)), options_(options) {
  activation_named(table_.activation);
  const auto number = [](int value) { return std::to_string(value); };
  declare(decisions_, "stem/channels", table_.stem, number);
  for (std::size_t i = 0; i < table_.stages.size(); ++i) {
    const StageTable& stage = table_.stages[i];
    const std::string name = fmt::format("stage{}/", i + 1);
    declare(decisions_, name + "block", stage.block, [](const BlockChoice& block) { return block.str(); });
    declare(decisions_, name + "expansion", stage.expansion, number);
    declare(decisions_, name + "channels", stage.channels, number);
    declare(decisions_, name + "repeats", stage.repeats, number);
    declare(decisions_, name + "skip", stage.skip, [](bool skip) { return std::string(skip ? "yes" : "no"); });
    declare(decisions_, name + "squeeze", stage.squeeze, [](double squeeze) { return fmt::format("{}", squeeze); });
  }
  declare(decisions_, "head/channels", table_.head, number);
}

FactorizedSpace::Network FactorizedSpace::decode(const Genotype& genotype) const {
  require_valid(*this, genotype);
  GenotypeReader reader(genotype);
  Network network{.stem = reader.take(table_.stem), .head = 0, .stages = {}};
  int channels = network.stem;
  for (const StageTable& table : table_.stages) {
    Stage stage{.stride = table.stride,
                .block = reader.take(table.block),
                .expansion = reader.take(table.expansion),
                .channels = reader.take(table.channels),
                .repeats = reader.take(table.repeats),
                .skip = reader.take(table.skip),
                .squeeze = reader.take(table.squeeze)};
    // Choices that say nothing here are set to one value, so that equal networks have equal descriptions.
    if (stage.block.kind == BlockKind::kPlain) stage.expansion = 1;
    if (!stage.can_skip(channels)) stage.skip = false;
    channels = stage.channels;
    network.stages.push_back(stage);
  }
  network.head = reader.take(table_.head);
  return network;
}

Genotype FactorizedSpace::canonical(const Genotype& genotype) const {
  const Network network = decode(genotype);
  Genotype result = genotype;
  std::size_t next = 0;
  const auto pass = [&](const auto& choices, bool says_something) {
    if (choices.size() == 1) return;
    if (!says_something) result[next] = 0;
    ++next;
  };
  pass(table_.stem, true);
  int channels = network.stem;
  for (std::size_t i = 0; i < network.stages.size(); ++i) {
    const StageTable& table = table_.stages[i];
    const Stage& stage = network.stages[i];
    pass(table.block, true);
    pass(table.expansion, stage.block.kind != BlockKind::kPlain);
    pass(table.channels, true);
    pass(table.repeats, true);
    pass(table.skip, stage.can_skip(channels));
    pass(table.squeeze, true);
    channels = stage.channels;
  }
  return result;
}

std::string FactorizedSpace::describe(const Genotype& genotype) const {
  const Network network = decode(genotype);
  std::string line = fmt::format("stem{}", network.stem);
  int channels = network.stem;
  for (const Stage& stage : network.stages) {
    line += fmt::format(" | {}{}x{}", stage.block.str()[0], stage.block.kernel, stage.block.kernel);
    if (stage.block.kind != BlockKind::kPlain) line += fmt::format(" e{}", stage.expansion);
    line += fmt::format(" c{} x{}", stage.channels, stage.repeats);
    if (stage.squeeze > 0) line += fmt::format(" se{}", stage.squeeze);
    if (stage.can_skip(channels) && !stage.skip) line += " noskip";
    channels = stage.channels;
  }
  if (network.head > 0) line += fmt::format(" | head{}", network.head);
  return line;
}

TensorId FactorizedSpace::add_stem(GraphBuilder& b, TensorId x, const Network& network) const {
  return BlockWriter(b, activation_named(table_.activation)).conv(x, network.stem, 3, table_.stem_stride, true, "stem");
}

TensorId FactorizedSpace::add_stage(GraphBuilder& b, TensorId x, const Network& network, std::size_t i) const {
  BlockWriter blocks(b, activation_named(table_.activation));
  const Stage& stage = network.stages[i];
  const auto stage_scope = b.scope(fmt::format("stage{}", i + 1));
  for (int repeat = 0; repeat < stage.repeats; ++repeat) {
    const auto block_scope = b.scope(fmt::format("block{}", repeat + 1));
    const BlockWriter::Block block{.kernel = stage.block.kernel,
                                   .stride = repeat == 0 ? stage.stride : 1,
                                   .expansion = stage.expansion,
                                   .channels = stage.channels,
                                   .skip = stage.skip,
                                   .squeeze = stage.squeeze};
    switch (stage.block.kind) {
      case BlockKind::kFused: x = blocks.fused(x, block); break;
      case BlockKind::kDepthwise: x = blocks.depthwise(x, block); break;
      case BlockKind::kPlain: x = blocks.plain(x, block); break;
      case BlockKind::kGrouped: x = blocks.grouped(x, block); break;
    }
  }
  return x;
}

TensorId FactorizedSpace::add_head(GraphBuilder& b, TensorId x, const Network& network) const {
  if (network.head > 0)
    x = BlockWriter(b, activation_named(table_.activation)).conv(x, network.head, 1, 1, true, "head");
  x = b.node("pool", Mean{}, {x});
  if (table_.dropout > 0) x = b.node("dropout", Dropout{.rate = table_.dropout}, {x});
  return b.fully_connected(x, options_.classes, "logits");
}

Graph FactorizedSpace::build(const Genotype& genotype) const {
  const Network network = decode(genotype);
  GraphBuilder b(table_.name + " network");
  TensorId x = add_stem(b, b.input({1, options_.h, options_.w, options_.channels}), network);
  for (std::size_t i = 0; i < network.stages.size(); ++i) x = add_stage(b, x, network, i);
  Graph graph = b.build({add_head(b, x, network)});
  graph.description = describe(genotype);
  return graph;
}

std::vector<Space::PartKey> FactorizedSpace::part_keys(const Genotype& genotype) const {
  const Network network = decode(genotype);
  std::vector<PartKey> keys;
  keys.reserve(network.stages.size() + 2);
  keys.push_back({0, options_.channels, network.stem});
  int channels = network.stem;
  for (std::size_t i = 0; i < network.stages.size(); ++i) {
    const Stage& stage = network.stages[i];
    const auto squeeze = std::bit_cast<std::array<std::int32_t, 2>>(stage.squeeze);
    keys.push_back({static_cast<std::int32_t>(i + 1), channels, static_cast<std::int32_t>(stage.block.kind),
                    stage.block.kernel, stage.expansion, stage.channels, stage.repeats, stage.skip, squeeze[0],
                    squeeze[1]});
    channels = stage.channels;
  }
  keys.push_back({static_cast<std::int32_t>(network.stages.size() + 1), channels, network.head});
  return keys;
}

Graph FactorizedSpace::build_part(const Genotype& genotype, std::size_t part) const {
  const Network network = decode(genotype);
  const std::size_t stages = network.stages.size();
  if (part > stages + 1) fail("a network of space '{}' has {} parts, but part {} is wanted", name(), stages + 2, part);
  int h = options_.h, w = options_.w;
  const auto shrink = [&](int stride) {  // SAME padding throughout
    h = (h + stride - 1) / stride;
    w = (w + stride - 1) / stride;
  };
  if (part > 0) shrink(table_.stem_stride);
  for (std::size_t i = 0; i + 1 < part && i < stages; ++i) shrink(network.stages[i].stride);
  const int channels = part == 0 ? options_.channels : part == 1 ? network.stem : network.stages[part - 2].channels;
  GraphBuilder b(fmt::format("{} part {}", table_.name, part));
  const TensorId x = b.input({1, h, w, channels});
  if (part == 0) return b.build({add_stem(b, x, network)});
  return b.build({part <= stages ? add_stage(b, x, network, part - 1) : add_head(b, x, network)});
}

}  // namespace Atoll
