#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "atoll/candidate_table.h"
#include "atoll/error.h"
#include "atoll/search.h"
#include "search/blocks.h"
#include "search/factorized_space.h"

namespace Atoll {
namespace {

using ::testing::HasSubstr;

// The genotype that makes the named choices; every other decision takes its first.
Genotype genotype_with(const Space& space, const std::map<std::string, std::string>& choices) {
  Genotype genotype;
  for (const Decision& decision : space.decisions()) {
    const auto wanted = choices.find(decision.name);
    if (wanted == choices.end()) {
      genotype.push_back(0);
      continue;
    }
    const auto at = std::find(decision.choices.begin(), decision.choices.end(), wanted->second);
    if (at == decision.choices.end()) ADD_FAILURE() << decision.name << " has no choice " << wanted->second;
    genotype.push_back(static_cast<int>(at - decision.choices.begin()));
  }
  return genotype;
}

TEST(EdgeTpuSpace, HoldsEfficientNetEdgeTpuS) {
  const auto space = make_space("edgetpu", {.h = 224, .w = 224, .channels = 3, .classes = 1001});
  // The published block strings: r1_k3_s11_e4_i24_o24_c1_noskip and so on; stage 1 widens 24 x 4 = 96
  // channels from a stem of 32, which is an expansion of 3.
  std::map<std::string, std::string> choices = {{"stem/channels", "32"}, {"head/channels", "1280"}};
  const char* stages[6][4] = {{"fused3x3", "3", "24", "1"},      {"fused3x3", "8", "32", "2"},
                              {"fused3x3", "8", "48", "4"},      {"depthwise5x5", "8", "96", "5"},
                              {"depthwise5x5", "8", "144", "4"}, {"depthwise5x5", "8", "192", "2"}};
  for (int i = 0; i < 6; ++i) {
    const std::string stage = "stage" + std::to_string(i + 1) + "/";
    choices[stage + "block"] = stages[i][0];
    choices[stage + "expansion"] = stages[i][1];
    choices[stage + "channels"] = stages[i][2];
    choices[stage + "repeats"] = stages[i][3];
    choices[stage + "skip"] = i == 0 ? "no" : "yes";
  }
  const Genotype s = genotype_with(*space, choices);
  const GraphCost cost = cost_of(space->build(s));
  EXPECT_EQ(cost.params, 5439673);  // Keras's and TPU repository's count with 1001 classes
  EXPECT_NEAR(static_cast<double>(cost.macs) / 1e6, 1788.7, 0.1);
  EXPECT_EQ(space->describe(s),
            "stem32 | f3x3 e3 c24 x1 | f3x3 e8 c32 x2 | f3x3 e8 c48 x4 | d5x5 e8 c96 x5 | d5x5 e8 c144 x4 | "
            "d5x5 e8 c192 x2 | head1280");
}

class EdgeTpuSpaceAt : public ::testing::TestWithParam<SpaceOptions> {};

TEST_P(EdgeTpuSpaceAt, HoldsOnlySoundNetworksOfOpsThatMap) {
  const SpaceOptions options = GetParam();
  const auto space = make_space("edgetpu", options);
  Rng rng(7);
  for (int draw = 0; draw < 2000; ++draw) {
    const Genotype genotype = random_genotype(*space, rng);
    const Graph graph = space->build(genotype);
    ASSERT_NO_THROW(verify(graph)) << space->describe(genotype);
    EXPECT_EQ(graph.input().shape, (Shape{1, options.h, options.w, options.channels}));
    EXPECT_EQ(graph.output().shape, (Shape{1, options.classes}));
    std::int64_t last_side = 0;
    for (const Node& node : graph.nodes) {
      const bool allowed = std::visit(
          overloaded{[](const Conv2D& op) { return op.groups == 1 && op.dilation == Size2D{}; },
                     [](const DepthwiseConv2D& op) { return op.multiplier == 1; },
                     [](const FullyConnected&) { return true; }, [](const Add&) { return true; },
                     [](const Mean&) { return true; }, [](const Relu&) { return true; },
                     [](const Concatenation& op) { return op.axis == 3; }, [](const BatchNorm&) { return true; },
                     [](const Dropout&) { return true; }, [](const auto&) { return false; }},
          node.op);
      ASSERT_TRUE(allowed) << name_of(node.op) << " in " << space->describe(genotype);
      if (std::holds_alternative<Mean>(node.op)) {
        const Shape& map = graph.tensor(node.inputs[0]).shape;
        last_side = std::min(map.h(), map.w());
      }
    }
    EXPECT_GE(last_side, 4) << space->describe(genotype);
  }
}
INSTANTIATE_TEST_SUITE_P(Resolutions, EdgeTpuSpaceAt,
                         ::testing::Values(SpaceOptions{28, 28, 1, 10}, SpaceOptions{32, 32, 3, 10},
                                           SpaceOptions{4, 9, 1, 2}, SpaceOptions{96, 96, 3, 5},
                                           SpaceOptions{224, 224, 3, 1000}));

TEST_P(EdgeTpuSpaceAt, EveryOneOf10000SamplesMapsToTheChip) {
  const auto space = make_space("edgetpu", GetParam());
  CandidateTable table(*space, open_target("edgetpu-usb3"), true);
  Rng rng(8);
  std::set<std::string> blocks;
  for (int draw = 0; draw < 10000; ++draw) {
    const Genotype genotype = random_genotype(*space, rng);
    ASSERT_TRUE(std::isfinite(table.costs(genotype).latency_ms)) << space->describe(genotype);
    for (std::size_t d = 0; d < genotype.size(); ++d)
      if (space->decisions()[d].name.ends_with("block"))
        blocks.insert(space->decisions()[d].choices[static_cast<std::size_t>(genotype[d])]);
  }
  EXPECT_EQ(blocks, (std::set<std::string>{"fused3x3", "depthwise3x3", "depthwise5x5", "depthwise7x7", "plain3x3",
                                           "grouped3x3"}));
}

// 16 channels, expansion 8: 128 channels in two groups of 64, as a grouped convolution has them: 2 * 9 * 64 * 64
// weights between the 1x1 convolutions, 16 * 128 and 128 * 24, and the batch norms' gamma and beta.
TEST(EdgeTpuSpace, AGroupedBlockHasTheWeightsOfAGroupedConvolution) {
  const FactorizedSpace space(
      {.name = "t",
       .stem = {16},
       .stages =
           {{.block = {{BlockKind::kGrouped, 3}}, .expansion = {8}, .channels = {24}, .repeats = {1}, .skip = {true}}},
       .head = {0}},
      {8, 8, 3, 10});
  const std::int64_t block = 16 * 128 + 2 * 128 + 2 * 9 * 64 * 64 + 2 * 128 + 128 * 24 + 2 * 24;
  EXPECT_EQ(cost_of(space.build({})).params, 3 * 9 * 16 + 2 * 16 + block + 24 * 10 + 10);
  EXPECT_EQ(space.describe({}), "stem16 | g3x3 e8 c24 x1");
  EXPECT_EQ(BlockWriter::groups_of(64), 2);
  EXPECT_EQ(BlockWriter::groups_of(192), 3);
  EXPECT_EQ(BlockWriter::groups_of(1024), 4);
  EXPECT_EQ(BlockWriter::groups_of(7), 1);
}

TEST(EdgeTpuSpace, HasNetworksThatADesktopTrainsAtFashionMnistsSize) {
  const auto space = make_space("edgetpu", {28, 28, 1, 10});
  Rng rng(1);
  std::vector<double> mmacs;
  for (int draw = 0; draw < 1000; ++draw)
    mmacs.push_back(static_cast<double>(cost_of(space->build(random_genotype(*space, rng))).macs) / 1e6);
  std::sort(mmacs.begin(), mmacs.end());
  EXPECT_GE(mmacs[50], 2);
  EXPECT_LE(mmacs[600], 30);
}

TEST(EdgeTpuSpace, DescribesEqualNetworksEqually) {
  const auto space = make_space("edgetpu", {32, 32, 3, 10});
  Rng rng(3);
  std::map<std::string, std::pair<std::int64_t, std::size_t>> by_line;
  for (int draw = 0; draw < 3000; ++draw) {
    const Genotype genotype = random_genotype(*space, rng);
    const Graph graph = space->build(genotype);
    const std::pair fingerprint{cost_of(graph).params, graph.nodes.size()};
    const auto [at, fresh] = by_line.emplace(space->describe(genotype), fingerprint);
    EXPECT_EQ(at->second, fingerprint) << at->first;
  }
  // A plain convolution has no expansion, so choices of it say nothing.
  std::map<std::string, std::string> choices = {{"stage1/block", "plain3x3"}, {"stage1/expansion", "2"}};
  const std::string line = space->describe(genotype_with(*space, choices));
  choices["stage1/expansion"] = "4";
  EXPECT_EQ(space->describe(genotype_with(*space, choices)), line);
}

TEST(Space, RefusesWhatItCannotBuild) {
  const auto message = [](auto body) -> std::string {
    try {
      body();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message([] { make_space("edgetpv", {}); }), HasSubstr("'edgetpv'; there are: edgetpu"));
  EXPECT_THAT(message([] { make_space("edgetpu", {.h = 0}); }), HasSubstr("is 0x224"));
  EXPECT_THAT(message([] { make_space("edgetpu", {.channels = 2}); }), HasSubstr("2 channels"));
  EXPECT_THAT(message([] { make_space("edgetpu", {.classes = 1}); }), HasSubstr("1 classes"));
  const auto space = make_space("edgetpu", {28, 28, 1, 10});
  EXPECT_THAT(message([&] { space->build({0, 1}); }), HasSubstr("has 2 choices"));
  Genotype genotype(space->decisions().size(), 0);
  genotype[1] = 99;
  EXPECT_THAT(message([&] { space->build(genotype); }), HasSubstr("'stage1/block' of space 'edgetpu' has choice 99"));
  EXPECT_THAT(message([] { parse_block("fused4x4"); }), HasSubstr("'fused4x4'"));
}

TEST(NasBench201Space, WritesCellsAsTheBenchmarkDoes) {
  const auto space = make_space("nas-bench-201", {32, 32, 3, 10});
  std::size_t networks = 1;
  for (const Decision& decision : space->decisions()) networks *= decision.choices.size();
  EXPECT_EQ(networks, 15625u);
  const std::string cell =
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|";
  const Genotype genotype = genotype_with(*space, {{"node1/from0", "nor_conv_3x3"},
                                                   {"node2/from0", "nor_conv_3x3"},
                                                   {"node2/from1", "avg_pool_3x3"},
                                                   {"node3/from0", "skip_connect"},
                                                   {"node3/from1", "nor_conv_3x3"},
                                                   {"node3/from2", "skip_connect"}});
  EXPECT_EQ(space->describe(genotype), "nas-bench-201:" + cell);
  EXPECT_EQ(space->build(genotype).output().shape, (Shape{1, 10}));
}

TEST(AccelNasBenchSpace, BuildsTheFirstRowOfTheTable) {
  const auto space = make_space("accel-nasbench", {224, 224, 3, 1000});
  // Row 0: 6,3,1,0, 4,5,2,0, 6,3,3,0, 6,5,3,0, 6,5,2,0, 1,3,2,0, 1,3,2,0 has 2.50116 M parameters there.
  const int row[] = {6, 3, 1, 0, 4, 5, 2, 0, 6, 3, 3, 0, 6, 5, 3, 0, 6, 5, 2, 0, 1, 3, 2, 0, 1, 3, 2, 0};
  std::map<std::string, std::string> choices;
  for (int block = 0; block < 7; ++block) {
    const char* parts[] = {"expansion", "kernel", "layers", "squeeze"};
    for (int part = 0; part < 4; ++part)
      choices[fmt::format("block{}/{}", block, parts[part])] = std::to_string(row[4 * block + part]);
  }
  const Graph graph = space->build(genotype_with(*space, choices));
  EXPECT_NEAR(static_cast<double>(cost_of(graph).params) / 1e6, 2.50116, 1e-5);
}

TEST(MnasNetSpace, HoldsOnlySoundNetworks) {
  for (const SpaceOptions& options : {SpaceOptions{224, 224, 3, 1000}, SpaceOptions{32, 32, 3, 10}}) {
    const auto space = make_space("mnasnet", options);
    Rng rng(2);
    bool squeezes = false;
    for (int draw = 0; draw < 300; ++draw) {
      const Graph graph = space->build(random_genotype(*space, rng));
      ASSERT_NO_THROW(verify(graph));
      for (const Node& node : graph.nodes) squeezes |= std::holds_alternative<Mul>(node.op);
    }
    EXPECT_TRUE(squeezes);
  }
}

constexpr const char* kTable = R"({
  "name": "mine", "activation": "relu6", "dropout": 0.1,
  "stem": {"stride": 2, "channels": [8, 16]},
  "stages": [{"stride": 2, "block": ["fused3x3", "depthwise5x5"], "expansion": 4, "channels": [16, 24],
              "repeats": [1, 2], "squeeze": [0, 0.25]},
             {"block": "plain3x3", "channels": 32}],
  "head": [0, 64]})";

TEST(SpaceTable, AUserWritesASpaceAsJson) {
  const FactorizedSpace space(read_space_table(kTable, "mine.json"), {32, 32, 3, 4});
  EXPECT_EQ(space.name(), "mine");
  std::vector<std::string> names;
  for (const Decision& decision : space.decisions()) names.push_back(decision.name);
  EXPECT_EQ(names, (std::vector<std::string>{"stem/channels", "stage1/block", "stage1/channels", "stage1/repeats",
                                             "stage1/squeeze", "head/channels"}));
  Genotype genotype = {1, 0, 1, 1, 1, 1};
  EXPECT_EQ(space.describe(genotype), "stem16 | f3x3 e4 c24 x2 se0.25 | p3x3 c32 x1 | head64");
  const Graph graph = space.build(genotype);
  EXPECT_EQ(graph.output().shape, (Shape{1, 4}));
  const GraphCost cost = cost_of(graph);
  // Stem 3*3*3*16 + 2*16; fused 1: 3*3*16*64 + 2*64, squeeze 64*4+4 + 4*64+64, project 64*24 + 2*24; fused 2:
  // 3*3*24*96 + 2*96, squeeze 96*6+6 + 6*96+96, project 96*24 + 2*24; plain 3*3*24*32 + 2*32; head
  // 32*64 + 2*64; logits 64*4 + 4.
  const std::int64_t fused1 = 9216 + 128 + 260 + 320 + 1536 + 48, fused2 = 20736 + 192 + 582 + 672 + 2304 + 48;
  EXPECT_EQ(cost.params, 432 + 32 + fused1 + fused2 + 6912 + 64 + 2048 + 128 + 260);
}

TEST(SpaceTable, NamesWhatIsWrong) {
  const auto message = [](std::string from, const std::string& to) -> std::string {
    std::string text = kTable;
    text.replace(text.find(from), from.size(), to);
    try {
      FactorizedSpace(read_space_table(text, "mine.json"), {32, 32, 3, 4});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message("\"relu6\"", "\"gelu\""), HasSubstr("activation 'gelu'"));
  EXPECT_THAT(message("fused3x3", "fused9x9"), HasSubstr("'fused9x9'"));
  EXPECT_THAT(message("\"expansion\": 4", "\"expansion\": 400"), HasSubstr("'expansion' of stage 1"));
  EXPECT_THAT(message("[16, 24]", "[]"), HasSubstr("has 0 choices"));
  EXPECT_THAT(message("[16, 24]", "[16, 16]"), HasSubstr("choice 16 twice"));
  EXPECT_THAT(message("[16, 24]", "[16, 1e99]"), HasSubstr("1e+99"));
  EXPECT_THAT(message("repeats", "repeat"), HasSubstr("field 'repeat'"));
  EXPECT_THAT(message("\"stem\"", "\"stalk\""), HasSubstr("field 'stalk'"));
  EXPECT_THAT(message("\"dropout\": 0.1", "\"dropout\": 2"), HasSubstr("'dropout'"));
  EXPECT_THAT(message("{", "[{"), HasSubstr("is not JSON"));
}

TEST(Canonical, IsOneGenotypeForEveryNetworkOfADeclaredSpace) {
  for (const char* name : {"edgetpu", "mnasnet"}) {
    const auto space = make_space(name, {.h = 32, .w = 32, .channels = 3, .classes = 10});
    Rng rng(12);
    int changed = 0;
    for (int i = 0; i < 2000; ++i) {
      const Genotype genotype = random_genotype(*space, rng), canonical = space->canonical(genotype);
      EXPECT_EQ(space->describe(canonical), space->describe(genotype));
      Genotype other = genotype;  // differs in one decision; where that says nothing, the network is the same
      const auto d = static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(genotype.size())));
      other[d] = (other[d] + 1) % static_cast<int>(space->decisions()[d].choices.size());
      EXPECT_EQ(space->canonical(other) == canonical, space->describe(other) == space->describe(genotype));
      changed += canonical != genotype;
    }
    EXPECT_GT(changed, 0) << name;
  }
}

TEST(Canonical, CellsLoseTheEdgesThatCarryNothing) {
  const auto space = make_space("nas-bench-201", {.h = 32, .w = 32, .channels = 3, .classes = 10});
  // Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3. Nodes 1 and 2 lead nowhere; node 1 gets nothing; all is used.
  EXPECT_EQ(space->canonical({3, 3, 4, 3, 0, 0}), (Genotype{0, 0, 0, 3, 0, 0}));
  EXPECT_EQ(space->canonical({0, 2, 3, 1, 4, 3}), (Genotype{0, 2, 0, 1, 0, 3}));
  EXPECT_EQ(space->canonical({3, 1, 2, 4, 1, 2}), (Genotype{3, 1, 2, 4, 1, 2}));
  EXPECT_EQ(space->canonical({3, 0, 0, 0, 0, 2}), (Genotype{0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace Atoll
