// FactorizedSpace: the factorized hierarchical space of MnasNet (Tan et al., 2019) as a table. A network is
// a stem, a row of stages and a head; each stage repeats one kind of block, and every column of a row is a
// decision unless it has a single choice. One machine builds whatever such a table declares.
#pragma once

#include <string>
#include <vector>

#include "atoll/builder.h"
#include "atoll/search.h"

namespace Atoll {

enum class BlockKind {
  kFused,      // k x k conv to `expansion` times the channels, 1x1 conv back; "inverted bottleneck without depthwise"
  kDepthwise,  // 1x1 conv, k x k depthwise, 1x1 conv back: MobileNetV2's inverted bottleneck
  kPlain,      // k x k conv alone; the expansion says nothing here
  kGrouped     // 1x1 conv, k x k conv in groups, 1x1 conv back: MobileNetEdgeTPU-V2's "ibn_grouped"
};

struct BlockChoice {
  BlockKind kind = BlockKind::kDepthwise;
  int kernel = 3;
  std::string str() const;  // "fused3x3"
};
BlockChoice parse_block(const std::string& text);  // throws Error

struct StageTable {
  int stride = 1;
  std::vector<BlockChoice> block;
  std::vector<int> expansion, channels, repeats;
  std::vector<bool> skip;             // identity around every block that keeps its shape
  std::vector<double> squeeze = {0};  // squeeze-and-excitation's share of the block's input channels; 0: none
};

struct SpaceTable {
  std::string name;
  std::string activation = "relu";  // or relu6, swish, hard-swish
  int stem_stride = 1;
  std::vector<int> stem;  // channels of the first 3x3 conv
  std::vector<StageTable> stages;
  std::vector<int> head;  // channels of the last 1x1 conv; 0: none
  float dropout = 0;
};

class FactorizedSpace : public Space {
 public:
  FactorizedSpace(SpaceTable table, const SpaceOptions& options);
  const std::string& name() const override { return table_.name; }
  const std::vector<Decision>& decisions() const override { return decisions_; }
  Graph build(const Genotype& genotype) const override;
  std::string describe(const Genotype& genotype) const override;
  Genotype canonical(const Genotype& genotype) const override;
  std::vector<PartKey> part_keys(const Genotype& genotype) const override;  // stem, each stage, head
  Graph build_part(const Genotype& genotype, std::size_t part) const override;

 private:
  struct Stage {
    int stride = 1;
    BlockChoice block;
    int expansion = 1, channels = 0, repeats = 1;
    bool skip = true;
    double squeeze = 0;
    // Whether it could have a skip connection, of which `skip` then tells.
    bool can_skip(int input_channels) const { return repeats > 1 || (stride == 1 && channels == input_channels); }
  };
  struct Network {
    int stem = 0, head = 0;
    std::vector<Stage> stages;
  };
  Network decode(const Genotype& genotype) const;
  TensorId add_stem(GraphBuilder& b, TensorId x, const Network& network) const;
  TensorId add_stage(GraphBuilder& b, TensorId x, const Network& network, std::size_t stage) const;
  TensorId add_head(GraphBuilder& b, TensorId x, const Network& network) const;

  SpaceTable table_;
  SpaceOptions options_;
  std::vector<Decision> decisions_;
};

// Tables of the spaces that come with Atoll, for a resolution.
SpaceTable edgetpu_table(const SpaceOptions& options);
SpaceTable mnasnet_table(const SpaceOptions& options);
// Takes strides away from the end of the stages, so that the last map is 4x4 at least where `side` allows it.
void keep_maps_large(SpaceTable& table, int side);

// A table that a user wrote as JSON; docs/search.md has the form. Throws Error naming the field.
SpaceTable read_space_table(const std::string& json, const std::string& name);

}  // namespace Atoll
