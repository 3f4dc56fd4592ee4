// Real and odd files of other makers are read, or refused with a sentence.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "atoll/error.h"
#include "atoll/model.h"
#include "base/file.h"
#include "format/data_folder.h"
#include "format/networks.h"

namespace Atoll {

std::vector<std::filesystem::path> format_test::foreign_models() {
  std::vector<std::filesystem::path> found;
  const std::filesystem::path folder = data_folder() / "models";
  if (!std::filesystem::is_directory(folder)) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".tflite") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

using format_test::data_folder;
using format_test::foreign_models;
using ::testing::HasSubstr;

// The files of an uncompressed tar archive (POSIX ustar: 512-byte headers, sizes in octal).
std::map<std::string, std::vector<std::byte>> untar(const std::vector<std::byte>& tar) {
  constexpr std::size_t kBlock = 512, kNameSize = 100, kSizeAt = 124, kTypeAt = 156;
  std::map<std::string, std::vector<std::byte>> files;
  for (std::size_t at = 0; at + kBlock <= tar.size();) {
    const char* header = reinterpret_cast<const char*>(tar.data()) + at;
    if (header[0] == 0) break;
    const std::size_t size = std::stoul(std::string(header + kSizeAt, 11), nullptr, 8);
    const auto content = std::span(tar).subspan(at + kBlock, size);
    if (header[kTypeAt] == '0' || header[kTypeAt] == 0)
      files[std::string(header, strnlen(header, kNameSize))].assign(content.begin(), content.end());
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return files;
}

// Counted by hand from the publishers' architectures: MobileNet v1 0.25 has 27 convolutions, pooling, the
// classifier, squeeze and softmax; and so on.
struct Known {
  const char* file;
  std::size_t nodes;
  const char* scheme;
  std::size_t labels;
};

TEST(ForeignModels, AreReadInFull) {
  if (foreign_models().empty()) GTEST_SKIP() << "there are no model files of other makers: set ATOLL_DATA";
  const std::vector<Known> known = {
      {"coral/mobilenet_v1_0.25_128_quant.tflite", 31, "uint8", 1001},
      {"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", 68, "int8", 1001},
      {"efficientnet_lite0/flowers5_int8.tflite", 65, "int8", 5},
      {"mlperf_tiny/image_classification__pretrainedResnet.tflite", 16, "float32", 0},
      {"mlperf_tiny/visual_wake_words__vww_96_int8.tflite", 31, "int8", 0},
  };
  for (const Known& k : known) {
    const Graph graph = load_model(data_folder() / "models" / k.file);
    EXPECT_EQ(graph.nodes.size(), k.nodes) << k.file;
    EXPECT_EQ(scheme_of(graph), k.scheme) << k.file;
    EXPECT_EQ(graph.labels.size(), k.labels) << k.file;
    for (const Node& node : graph.nodes) EXPECT_FALSE(std::holds_alternative<Opaque>(node.op)) << node.name;
  }
}

TEST(ForeignModels, SurviveBeingRewritten) {
  if (foreign_models().empty()) GTEST_SKIP() << "there are no model files of other makers: set ATOLL_DATA";
  for (const auto& path : foreign_models()) {
    const Graph graph = load_model(path);
    const Graph again = read_tflite(write_tflite(graph), graph.name);
    EXPECT_EQ(format_test::fingerprint(again), format_test::fingerprint(graph)) << path;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
      EXPECT_EQ(again.nodes[i].version, graph.nodes[i].version) << path << ": " << graph.nodes[i].name;
  }
}

TEST(ForeignModels, CompiledForTheEdgeTpuAreOneOpaqueOp) {
  if (foreign_models().empty()) GTEST_SKIP() << "there are no model files of other makers: set ATOLL_DATA";
  const Graph graph = load_model(data_folder() / "models/coral/mobilenet_v1_0.25_128_quant_edgetpu.tflite");
  ASSERT_EQ(graph.nodes.size(), 1u);
  const auto& compiled = std::get<Opaque>(graph.nodes[0].op);
  EXPECT_EQ(compiled.type, "CUSTOM:edgetpu-custom-op");
  EXPECT_GT(compiled.options.size(), 500000u);
  EXPECT_EQ(graph.output().shape, (Shape{1, 1001}));
}

TEST(OddFiles, AreReadOrRefusedWithASentence) {
  const auto archive = data_folder() / "conformance/odd_tflite_files.tar";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "there is no archive of odd files: set ATOLL_DATA";
  const auto files = untar(read_file(archive));
  EXPECT_GT(files.size(), 80u);
  std::size_t read = 0;
  for (const auto& [name, content] : files) {
    const std::string error = error_of([&] { summary_of(read_tflite(content, name)); });
    if (error == "no error")
      ++read;
    else
      EXPECT_THAT(error, HasSubstr(name));
  }
  EXPECT_GT(read, 75u);
}

// The ops that Atoll has no word for, by the tensor that they make.
std::map<std::string, Opaque> foreign_ops(const Graph& graph) {
  std::map<std::string, Opaque> ops;
  for (const Node& node : graph.nodes)
    if (const auto* op = std::get_if<Opaque>(&node.op)) ops[node.name] = *op;
  return ops;
}

TEST(OddFiles, KeepTheOptionsOfOpsThatAtollDoesNotHave) {
  const auto archive = data_folder() / "conformance/odd_tflite_files.tar";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "there is no archive of odd files: set ATOLL_DATA";
  std::size_t kept = 0;
  for (const auto& [name, content] : untar(read_file(archive))) {
    Graph graph;
    if (error_of([&] { graph = read_tflite(content, name); }) != "no error") continue;
    std::vector<std::byte> file;
    const std::string refusal = error_of([&] { file = write_tflite(graph); });
    if (refusal != "no error") {
      EXPECT_THAT(refusal, HasSubstr("can read but not write")) << name;
      continue;
    }
    const auto again = foreign_ops(read_tflite(file, name));
    for (const auto& [output, op] : foreign_ops(graph)) {
      ASSERT_TRUE(again.contains(output)) << name << ": " << output;
      EXPECT_EQ(again.at(output).type, op.type) << name << ": " << output;
      EXPECT_EQ(again.at(output).options, op.options) << name << ": " << output;
      ++kept;
    }
  }
  EXPECT_GT(kept, 30u);
}

TEST(OddFiles, KeepTheNamesOfOpsThatAtollDoesNotHave) {
  const auto archive = data_folder() / "conformance/odd_tflite_files.tar";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "there is no archive of odd files: set ATOLL_DATA";
  const auto files = untar(read_file(archive));
  const auto first_op = [&](const char* name) {
    return std::string(name_of(read_tflite(files.at(name), name).nodes.at(0).op));
  };
  EXPECT_EQ(first_op("tflite/testdata/lstm.bin"), "LSTM");
  EXPECT_EQ(first_op("tflite/testdata/custom_sinh.bin"), "CUSTOM:Sinh");
  EXPECT_EQ(first_op("litert/test/testdata/simple_group_norm_op.tflite"), "STABLEHLO_COMPOSITE");
  EXPECT_THAT(read_tflite(files.at("tflite/testdata/multi_subgraphs_while.bin"), "while").description,
              HasSubstr("the first of 3 subgraphs"));
}

}  // namespace
}  // namespace Atoll
