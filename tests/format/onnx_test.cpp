#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "atoll/error.h"
#include "atoll/model.h"
#include "base/file.h"
#include "format/networks.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Protobuf messages written by hand, by the numbers in ONNX's onnx.proto.
using Message = std::string;

void put_varint(Message& out, std::uint64_t value) {
  for (; value > 0x7F; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
Message number(int field, std::uint64_t value) {
  Message out;
  put_varint(out, static_cast<std::uint64_t>(field) << 3);
  put_varint(out, value);
  return out;
}
Message bytes(int field, const std::string& content) {
  Message out;
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, content.size());
  return out + content;
}
Message tensor(const std::string& name, const std::vector<int>& dims, const std::vector<float>& values) {
  Message out;
  for (const int dim : dims) out += number(1, static_cast<std::uint64_t>(dim));
  const std::string raw(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return out + number(2, 1) + bytes(8, name) + bytes(9, raw);
}
Message value_info(const std::string& name, const std::vector<int>& dims) {
  Message shape;
  for (const int dim : dims) shape += bytes(1, number(1, static_cast<std::uint64_t>(dim)));
  return bytes(1, name) + bytes(2, bytes(1, number(1, 1) + bytes(2, shape)));
}
Message node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output,
             const Message& attributes = "") {
  Message out;
  for (const std::string& input : inputs) out += bytes(1, input);
  return out + bytes(2, output) + bytes(4, type) + attributes;
}
Message ints(const std::string& name, const std::vector<int>& values) {
  Message out = bytes(1, name);
  for (const int value : values) out += number(8, static_cast<std::uint64_t>(value));
  return bytes(5, out);
}
std::vector<std::byte> model(const Message& graph, int opset = 13) {
  const Message text =
      number(1, 8) + bytes(2, "test") + bytes(7, graph) + bytes(8, number(2, static_cast<std::uint64_t>(opset)));
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::vector<float> counted(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

// Conv [2, 2, 1, 3] - BatchNormalization - Relu - Flatten - Gemm.
std::vector<std::byte> small_model() {
  return model(bytes(1, node("Conv", {"x", "w"}, "conv", ints("pads", {0, 1, 0, 1}))) +
               bytes(1, node("BatchNormalization", {"conv", "s", "b", "m", "v"}, "norm")) +
               bytes(1, node("Relu", {"norm"}, "relu")) + bytes(1, node("Flatten", {"relu"}, "flat")) +
               bytes(1, node("Gemm", {"flat", "d"}, "y")) + bytes(5, tensor("w", {2, 2, 1, 3}, counted(12))) +
               bytes(5, tensor("s", {2}, {1, 2})) + bytes(5, tensor("b", {2}, {3, 4})) +
               bytes(5, tensor("m", {2}, {5, 6})) + bytes(5, tensor("v", {2}, {7, 8})) +
               bytes(5, tensor("d", {8, 1}, counted(8))) + bytes(11, value_info("x", {1, 2, 2, 2})) +
               bytes(12, value_info("y", {1, 1})));
}

TEST(Onnx, BecomesChannelsLastWithoutTransposes) {
  const Graph graph = read_onnx(small_model(), "small");
  std::vector<std::string> ops;
  for (const Node& n : graph.nodes) ops.emplace_back(name_of(n.op));
  EXPECT_THAT(ops, ElementsAre("Conv2D", "BatchNorm", "Relu", "Reshape", "FullyConnected"));
  EXPECT_EQ(graph.input().shape, (Shape{1, 2, 2, 2}));
  // [out, in, h, w] -> [out, h, w, in]: for each output, taps outside and channels inside.
  const Tensor& weights = graph.tensor(graph.nodes[0].inputs[1]);
  EXPECT_EQ(weights.shape, (Shape{2, 1, 3, 2}));
  EXPECT_THAT(weights.data.as<float>(), ElementsAre(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11));
  // A flattened [c, h, w] of 2 x 2 x 2 became [h, w, c], so the layer after it reads 0 4 1 5 2 6 3 7.
  const Tensor& dense = graph.tensor(graph.nodes[4].inputs[1]);
  EXPECT_THAT(dense.data.as<float>(), ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  EXPECT_EQ(to_inference(graph).nodes.size(), 3u);  // batch norm and relu folded
}

TEST(Onnx, RefusesWhatItCannotSay) {
  const Message io = bytes(11, value_info("x", {1, 2, 2, 2})) + bytes(12, value_info("y", {1}));
  EXPECT_THAT(error_of([&] { read_onnx(model(bytes(1, node("LSTM", {"x"}, "y")) + io), "m"); }),
              AllOf(HasSubstr("the op LSTM of node 'y' is not supported"), HasSubstr("Conv"), HasSubstr("Softmax")));
  EXPECT_THAT(error_of([&] { read_onnx(model(bytes(1, node("Relu", {"z"}, "y")) + io), "m"); }),
              HasSubstr("'z' is used before anything has computed it"));
  EXPECT_THAT(error_of([&] {
                read_onnx(model(bytes(1, node("Conv", {"x", "x"}, "y")) + io), "m");
              }),
              HasSubstr("input 1 should be a constant"));
  EXPECT_THAT(error_of([&] { read_onnx(model(io, 2), "m"); }), HasSubstr("ops are of version 2"));
  EXPECT_THAT(error_of([&] { read_onnx({}, "m"); }), HasSubstr("not an ONNX file"));
}

TEST(Onnx, SurvivesTruncationAndFlippedBytes) {
  const std::vector<std::byte> file = small_model();
  for (std::size_t length = 0; length < file.size(); ++length) {
    const std::vector<std::byte> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    error_of([&] { summary_of(read_onnx(cut, "cut")); });
  }
  Rng rng(2);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bad = file;
    for (std::int64_t flips = 1 + rng.below(3); flips > 0; --flips)
      bad[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(bad.size())))] =
          static_cast<std::byte>(rng.below(256));
    error_of([&] { summary_of(read_onnx(bad, "flipped")); });
  }
}

// --- hostile files ----------------------------------------------------------------------------------------

Message io(const std::vector<int>& in = {1, 2, 2, 2}) {
  return bytes(11, value_info("x", in)) + bytes(12, value_info("y", {1}));
}
std::string refusal(const Message& graph, const std::filesystem::path& folder = {}) {
  return error_of([&] { read_onnx(model(graph), "m", folder); });
}

TEST(HostileOnnx, CyclesAndDoubleDefinitionsAreRefused) {
  EXPECT_THAT(refusal(bytes(1, node("Add", {"b", "x"}, "a")) + bytes(1, node("Relu", {"a"}, "b")) +
                      bytes(1, node("Relu", {"b"}, "y")) + io()),
              HasSubstr("'b' is used before anything has computed it"));
  EXPECT_THAT(refusal(bytes(1, node("Relu", {"y"}, "y")) + io()), HasSubstr("'y' is used before"));
  EXPECT_THAT(refusal(bytes(1, node("Relu", {"x"}, "y")) + bytes(1, node("Tanh", {"x"}, "y")) + io()),
              HasSubstr("'y' already has a value"));
  EXPECT_THAT(refusal(bytes(1, node("Relu", {"x"}, "x")) + io()), HasSubstr("'x' already has a value"));
  const Message w = bytes(5, tensor("w", {1}, {1}));
  EXPECT_THAT(refusal(w + w + io()), HasSubstr("two initializers of the name 'w'"));
  EXPECT_THAT(refusal(bytes(11, value_info("x", {1, 2})) + io()), HasSubstr("two inputs of the name 'x'"));
}

TEST(HostileOnnx, ImpossibleSizesAreRefused) {
  const auto initializer = [](std::vector<std::uint64_t> dims) {
    Message t;
    for (const std::uint64_t dim : dims) t += number(1, dim);
    return bytes(5, t + number(2, 1) + bytes(8, "w") + bytes(9, "1234"));
  };
  EXPECT_THAT(refusal(initializer({1u << 30, 1u << 30}) + io()), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(initializer({~std::uint64_t{0}}) + io()), HasSubstr("impossible shape [-1]"));
  EXPECT_THAT(refusal(initializer({1u << 20}) + io()), HasSubstr("holds 4 bytes instead of 4194304"));
  EXPECT_THAT(refusal(initializer({1, 1, 1, 1, 1, 1, 1, 1, 1}) + io()), HasSubstr("has 9 dimensions"));
  const Message huge = bytes(2, bytes(1, number(1, 1) + bytes(2, bytes(1, number(1, ~std::uint64_t{0})))));
  EXPECT_THAT(refusal(bytes(11, bytes(1, "x") + huge)), HasSubstr("dimension 0 of input 'x' is -1"));
  EXPECT_THAT(refusal(bytes(11, value_info("x", {1, 0})) + io()), HasSubstr("leaves dimension 1 open"));
}

TEST(HostileOnnx, AttributesOfAnotherKindAreRefused) {
  const Message group = bytes(5, bytes(1, "group") + number(20, 1) + Message("\x15\0\0\x80\x3f", 5));  // f: 1.0
  const Message w = bytes(5, tensor("w", {2, 2, 1, 1}, {1, 2, 3, 4}));
  EXPECT_THAT(refusal(bytes(1, node("Conv", {"x", "w"}, "y", group)) + w + io()),
              HasSubstr("the attribute 'group' is of the kind FLOAT, but should be INT"));
  const Message both = bytes(5, bytes(1, "group") + number(20, 1) + number(3, 1));
  EXPECT_THAT(refusal(bytes(1, node("Conv", {"x", "w"}, "y", both)) + w + io()),
              HasSubstr("declares another kind than it has"));
  const Message pads = ints("pads", {-1, 0, 0, 0});
  EXPECT_THAT(refusal(bytes(1, node("Conv", {"x", "w"}, "y", pads)) + w + io()), HasSubstr("out of range"));
}

TEST(HostileOnnx, ValuesOutsideOfTheFolderAreNotRead) {
  const TemporaryFolder folder;
  make_folder(folder / "model/inner");
  const std::string secret(16, 'x');
  write_file(folder / "secret.bin", secret);
  write_file(folder / "model/inside.bin", secret);
  std::filesystem::create_symlink(folder / "secret.bin", folder / "model/link.bin");
  const auto read_from = [&](const std::string& location, int elements = 4, const std::string& offset = "0") {
    const auto entry = [](const std::string& key, const std::string& value) {
      return bytes(13, bytes(1, key) + bytes(2, value));
    };
    const Message w = bytes(5, number(1, static_cast<std::uint64_t>(elements)) + number(2, 1) + bytes(8, "w") +
                                   number(14, 1) + entry("location", location) + entry("offset", offset));
    return refusal(bytes(1, node("Add", {"x", "w"}, "y")) + w + io({1, 4}), folder / "model");
  };
  EXPECT_EQ(read_from("inside.bin"), "no error");
  EXPECT_EQ(read_from("inner/../inside.bin").substr(0, 3), "'m'");  // ".." is refused wherever it leads
  for (const std::string& outside : {std::string("../secret.bin"), (folder / "secret.bin").string(),
                                     std::string("link.bin"), std::string("inner/../../secret.bin"), std::string()})
    EXPECT_THAT(read_from(outside), HasSubstr("outside of the model's folder")) << outside;
  EXPECT_THAT(read_from("absent.bin"), HasSubstr("cannot be read"));
  EXPECT_THAT(read_from("inner"), HasSubstr("is no file"));
  EXPECT_THAT(read_from("inside.bin", 5), HasSubstr("end behind the end of 'inside.bin' of 16 bytes"));
  EXPECT_THAT(read_from("inside.bin", 4, "1"), HasSubstr("end behind the end"));
  EXPECT_THAT(read_from("inside.bin", 4, "-1"), HasSubstr("should be a count of bytes"));
  EXPECT_THAT(read_from("inside.bin", 1 << 30), HasSubstr("end behind the end"));
}

// A few bytes that ask for gigabytes: everything that is made is counted against 16 times the file.
TEST(HostileOnnx, ASmallFileCannotUnfold) {
  Message graph = bytes(5, tensor("c0", {1024}, counted(1024)));
  for (int i = 0; i < 30; ++i) {  // doubled thirty times
    const std::string from = fmt::format("c{}", i), to = fmt::format("c{}", i + 1);
    const Message axis = bytes(5, bytes(1, "axis") + number(3, 0));
    graph += bytes(1, node("Concat", {from, from}, to, axis));
  }
  EXPECT_THAT(refusal(graph + io()), HasSubstr("unfolds to more than 16 times its own size"));
  const Message shape = bytes(5, number(1, 1) + number(2, 7) + bytes(8, "s") + number(7, 1 << 30));
  EXPECT_THAT(refusal(shape + bytes(1, node("ConstantOfShape", {"s"}, "y")) + io()),
              HasSubstr("unfolds to more than 16 times"));
  Message nodes;
  for (int i = 0; i < 40000; ++i) nodes += bytes(1, "");
  EXPECT_THAT(refusal(nodes + io()), HasSubstr("unfolds to more than 16 times"));
}

}  // namespace
}  // namespace Atoll
