// Networks that the Edge TPU compiler compiled: by hand, and published ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "atoll/compiled.h"
#include "atoll/model.h"
#include "error_of.h"
#include "format/data_folder.h"
#include "format/edgetpu_files.h"

namespace Atoll {
namespace {

using testing::HasSubstr;

Node compiled(std::vector<std::uint8_t> options) {
  Node node{.name = "net"};
  node.op = Opaque{.type = "CUSTOM:edgetpu-custom-op", .options = std::move(options)};
  return node;
}

TEST(EdgeTpuPackage, TellsCachedFromStreamedParameters) {
  const auto package = edgetpu_package_of(compiled(format_test::compiled_options({{1, 1000, 30}, {2, 200, 40, 5}})));
  ASSERT_TRUE(package.has_value());
  EXPECT_EQ(package->compiler_version, "cl/343520747");
  EXPECT_EQ(package->min_runtime_version, 13);
  ASSERT_EQ(package->executables.size(), 2u);
  EXPECT_EQ(package->executables[0].type, EdgeTpuExecutable::Type::kParameterCaching);
  EXPECT_EQ(package->executables[1].chip, "beagle");
  EXPECT_EQ(package->executables[1].instruction_streams, 2);
  EXPECT_EQ(package->executables[1].narrow_bytes_per_tile, 832);
  EXPECT_EQ(package->cached_bytes(), 1000);
  EXPECT_EQ(package->streamed_bytes(), 200);
  EXPECT_EQ(package->instruction_bytes(), 45);
}

TEST(EdgeTpuPackage, OfAStandAloneExecutableStreamsAll) {
  const auto package = edgetpu_package_of(compiled(format_test::compiled_options({{0, 70, 8, 9}})));
  EXPECT_EQ(package->cached_bytes(), 0);
  EXPECT_EQ(package->streamed_bytes(), 70);
  EXPECT_EQ(package->instruction_bytes(), 17);
}

TEST(EdgeTpuPackage, IsNotInOtherNodes) {
  EXPECT_FALSE(edgetpu_package_of({.name = "relu", .op = Relu{}}).has_value());
  Node other = compiled({1, 2, 3});
  std::get<Opaque>(other.op).type = "CUSTOM:Sinh";
  EXPECT_FALSE(edgetpu_package_of(other).has_value());
}

TEST(EdgeTpuPackage, ThatIsDamagedIsRefusedOrRead) {
  const std::vector<std::uint8_t> good = format_test::compiled_options({{1, 100, 30}, {2, 0, 40}});
  EXPECT_THAT(error_of([&] { edgetpu_package_of(compiled({})); }), HasSubstr("'net' is malformed"));
  for (std::size_t size = 0; size < good.size(); size += 3)
    error_of([&] { edgetpu_package_of(compiled({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)})); });
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::vector<std::uint8_t> damaged = good;
      damaged[at] ^= static_cast<std::uint8_t>(flip);
      error_of([&] { edgetpu_package_of(compiled(damaged)); });  // anything but an Error fails the test
    }
}

// Bytes by another reader of the same files: the development data's edgetpu/darwinn_executables.csv.
struct Published {
  const char* file;
  const char* compiler;
  int runtime;
  std::int64_t cached, streamed, instructions, caching_instructions;
};

TEST(EdgeTpuPackage, OfPublishedFilesHasTheKnownBytes) {
  if (format_test::foreign_models().empty()) GTEST_SKIP() << "there are no model files of other makers: set ATOLL_DATA";
  const std::vector<Published> files = {
      {"coral/mobilenet_v1_0.25_128_quant_edgetpu.tflite", "cl/", 12, 566912, 0, 170032, 12624},
      {"coral/split_concat_edgetpu.tflite", "cl/343520747", 13, 192, 0, 23648, 1232},
      {"coral_edgetpu_repo/mobilenet_edgetpu_0.75_224_post_training_quant_edgetpu.tflite", "cl/", 12, 3740736, 0,
       158224, 10320},
      {"coral_edgetpu_repo/mobilenet_v2_1.0_224_quant_edgetpu.tflite", "cl/", 12, 3900864, 0, 129632, 9680}};
  for (const Published& known : files) {
    const Graph graph = load_model(format_test::data_folder() / "models" / known.file);
    ASSERT_EQ(graph.nodes.size(), 1u) << known.file;
    const auto package = edgetpu_package_of(graph.nodes[0]);
    ASSERT_TRUE(package.has_value()) << known.file;
    EXPECT_EQ(package->compiler_version, known.compiler) << known.file;
    EXPECT_EQ(package->min_runtime_version, known.runtime) << known.file;
    ASSERT_EQ(package->executables.size(), 2u) << known.file;
    EXPECT_EQ(package->cached_bytes(), known.cached) << known.file;
    EXPECT_EQ(package->streamed_bytes(), known.streamed) << known.file;
    EXPECT_EQ(package->instruction_bytes(), known.instructions) << known.file;
    for (const EdgeTpuExecutable& executable : package->executables) {
      const bool caches = executable.type == EdgeTpuExecutable::Type::kParameterCaching;
      EXPECT_EQ(executable.instruction_bytes, caches ? known.caching_instructions : known.instructions) << known.file;
    }
  }
}

}  // namespace
}  // namespace Atoll
