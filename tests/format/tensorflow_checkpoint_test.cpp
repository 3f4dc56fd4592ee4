// Checkpoints that TensorFlow wrote (tests/format/tensorflow, by make.py), and others that nobody should write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "atoll/random.h"
#include "atoll/tensorflow.h"
#include "base/file.h"
#include "error_of.h"
#include "format/checkpoint_files.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using format_test::bundle_entry;
using format_test::bundle_header;
using format_test::BundleEntry;
using format_test::CheckpointFiles;
using format_test::Entries;
using format_test::sorted_table;
using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kFolder = ATOLL_SOURCE_DIR "/tests/format/tensorflow";

std::map<std::string, NamedTensor> by_name(const std::vector<NamedTensor>& tensors) {
  std::map<std::string, NamedTensor> result;
  for (const NamedTensor& tensor : tensors) result[tensor.name] = tensor;
  return result;
}

// make.py: 0, 1, ... 11, each divided by 4, less 1.
std::vector<float> kernel(float more = 0) {
  std::vector<float> values;
  for (int i = 0; i < 12; ++i) values.push_back(static_cast<float>(i) / 4 - 1 + more);
  return values;
}

std::vector<NamedTensor> read(const std::vector<std::byte>& index, const std::vector<std::byte>& data) {
  return read_tensorflow_checkpoint(
      index, [&](int, int) { return std::span<const std::byte>(data); }, "it");
}
std::string refusal(const Entries& entries, const std::vector<std::byte>& data = std::vector<std::byte>(64)) {
  return error_of([&] { read(sorted_table(entries), data); });
}

TEST(TensorflowCheckpoint, OfASaverGivesTheValuesThatWereSaved) {
  const auto tensors = by_name(read_tensorflow_checkpoint(kFolder / "saver.ckpt"));
  ASSERT_EQ(tensors.size(), 5u);  // without the counter
  EXPECT_EQ(tensors.at("net/conv2d/kernel").shape, (Shape{2, 2, 1, 3}));
  EXPECT_EQ(tensors.at("net/conv2d/kernel").values, kernel(1));
  EXPECT_EQ(tensors.at("net/conv2d/kernel/ExponentialMovingAverage").values, kernel(0.5f));
  EXPECT_THAT(tensors.at("net/half").values, ElementsAre(1.0f, -0.5f, 65504.0f));
  EXPECT_THAT(tensors.at("net/brain").values, ElementsAre(1.0f, -3.0f));
  EXPECT_THAT(tensors.at("net/double").values, ElementsAre(0.1f));
}

TEST(TensorflowCheckpoint, OfObjectsHasTheVariablesNamesWhereTheyAreUnique) {
  const auto tensors = by_name(read_tensorflow_checkpoint(kFolder / "object.ckpt"));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("net/conv2d/kernel").values, kernel());
  EXPECT_THAT(tensors.at("model/layer/twin").values, ElementsAre(5.0f));
  EXPECT_THAT(tensors.at("model/twin").values, ElementsAre(6.0f, 7.0f));
}

TEST(TensorflowCheckpoint, IsFoundByPrefixFileOrFolder) {
  const TemporaryFolder folder;
  for (const char* part : {".index", ".data-00000-of-00001"})
    std::filesystem::copy_file(kFolder / (std::string("object.ckpt") + part),
                               folder / (std::string("b.ckpt-7") + part));
  for (const auto& path :
       {folder / "b.ckpt-7", folder / "b.ckpt-7.index", folder / "b.ckpt-7.data-00000-of-00001", folder.path()}) {
    EXPECT_TRUE(is_tensorflow_checkpoint(path)) << path;
    EXPECT_EQ(read_tensorflow_checkpoint(path).size(), 3u) << path;
  }
  for (const char* part : {".index", ".data-00000-of-00001"})
    std::filesystem::copy_file(kFolder / (std::string("object.ckpt") + part),
                               folder / (std::string("a.ckpt-9") + part));
  EXPECT_THAT(error_of([&] { read_tensorflow_checkpoint(folder.path()); }), HasSubstr("holds 2 checkpoints"));
  // As written on another machine: only the last part of the path says something here.
  write_file(folder / "checkpoint", std::string_view("model_checkpoint_path: \"/cns/far/away/b.ckpt-7\"\n"
                                                     "all_model_checkpoint_paths: \"/cns/far/away/a.ckpt-9\"\n"));
  EXPECT_EQ(read_tensorflow_checkpoint(folder.path()).size(), 3u);
  EXPECT_FALSE(is_tensorflow_checkpoint(folder / "c.ckpt"));
  EXPECT_THAT(error_of([&] { read_tensorflow_checkpoint(folder / "c.ckpt"); }), HasSubstr("no TensorFlow checkpoint"));
}

TEST(TensorflowCheckpoint, WithoutADataFileNamesIt) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(kFolder / "saver.ckpt.index", folder / "x.index");
  EXPECT_THAT(error_of([&] { read_tensorflow_checkpoint(folder / "x"); }), HasSubstr("x.data-00000-of-00002"));
}

TEST(TensorflowCheckpoint, SurvivesDamage) {
  for (const char* name : {"saver.ckpt", "object.ckpt"}) {
    const std::vector<std::byte> index = read_file(kFolder / (std::string(name) + ".index"));
    const std::vector<std::byte> data =
        read_file(kFolder / (std::string(name) + (name[0] == 's' ? ".data-00000-of-00002" : ".data-00000-of-00001")));
    for (std::size_t size = 0; size < index.size(); ++size)
      EXPECT_NE(error_of([&] {
                  read({index.begin(), index.begin() + static_cast<std::ptrdiff_t>(size)}, data);
                }),
                "no error");
    for (std::size_t at = 0; at < index.size(); ++at) {
      std::vector<std::byte> damaged = index;
      damaged[at] ^= std::byte{0x41};
      error_of([&] { read(damaged, data); });  // anything but an Error fails the test
    }
  }
}

TEST(TensorflowCheckpoint, WithAChangedBitIsRefused) {
  CheckpointFiles files = format_test::checkpoint_of({{"a/kernel", {3}, {1, 2, 3}}});
  EXPECT_THAT(by_name(read(files.index, files.data)).at("a/kernel").values, ElementsAre(1, 2, 3));
  files.data[5] ^= std::byte{1};
  EXPECT_THAT(error_of([&] { read(files.index, files.data); }), HasSubstr("tensor 'a/kernel' has a wrong checksum"));
  files.index[3] ^= std::byte{1};
  EXPECT_THAT(error_of([&] { read(files.index, files.data); }), HasSubstr("the block at 0 has a wrong checksum"));
}

TEST(TensorflowCheckpoint, WithHostileNumbersIsRefusedByASentence) {
  const std::uint64_t huge = ~std::uint64_t{0};
  const auto entry = [](BundleEntry e) { return Entries{{"", bundle_header(1)}, {"t", bundle_entry(e)}}; };
  EXPECT_THAT(refusal(entry({.offset = huge, .size = 4, .shape = {1}})), HasSubstr("is truncated"));
  EXPECT_THAT(refusal(entry({.offset = 62, .size = 4, .shape = {1}})), HasSubstr("is truncated"));
  EXPECT_THAT(refusal(entry({.size = huge, .shape = {1}})), HasSubstr("needs 4 bytes"));
  EXPECT_THAT(refusal(entry({.size = 0, .shape = {std::uint64_t{1} << 32, std::uint64_t{1} << 32}})),
              HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(entry({.size = 0, .shape = {huge}})), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal(entry({.size = 4, .shape = {1, 1, 1, 1, 1, 1, 1, 1, 1}})), HasSubstr("more than 8 dimensions"));
  EXPECT_THAT(refusal(entry({.shard = 1, .size = 4, .shape = {1}})), HasSubstr("data file 1 of 1"));
  EXPECT_THAT(refusal(entry({.size = 4, .shape = {1}})), HasSubstr("wrong checksum"));
  EXPECT_THAT(refusal(entry({.size = 4, .shape = {1}, .sliced = true})), HasSubstr("slices"));
  EXPECT_THAT(refusal({{"", bundle_header(huge)}}), HasSubstr("data files"));
  EXPECT_THAT(refusal({{"t", bundle_entry({})}}), HasSubstr("no header"));
  EXPECT_THAT(refusal({{"", bundle_header(1)}, {"b", bundle_entry({})}, {"a", bundle_entry({})}}),
              HasSubstr("keys must rise"));
  EXPECT_THAT(refusal({{"", "\x08\x01\x10\x01"}}), HasSubstr("big-endian"));
  EXPECT_THAT(refusal({{"", "\x0a\xff"}}), HasSubstr("'it': a protobuf message"));
}

TEST(TensorflowCheckpoint, PackedBySnappyIsRefused) {
  const std::vector<std::byte> none;
  EXPECT_THAT(error_of([&] { read(sorted_table({{"", bundle_header(1)}}, 1), none); }), HasSubstr("by Snappy"));
}

// A thousand entries that point at the same bytes unfold to more than the file may.
TEST(TensorflowCheckpoint, ThatUnfoldsIsRefused) {
  const NamedTensor one{"a", {1 << 20}, std::vector<float>(1 << 20, 1.0f)};
  const CheckpointFiles files = format_test::checkpoint_of({one});
  const std::uint32_t checksum = [&] {
    std::string text(reinterpret_cast<const char*>(files.index.data()), files.index.size());
    const std::size_t at = text.find('\x35') + 1;  // field 6, four bytes
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])) << (8 * i);
    return value;
  }();
  Entries entries = {{"", bundle_header(1)}};
  for (int i = 0; i < 1000; ++i)
    entries.emplace_back(fmt::format("t{:04}", i),
                         bundle_entry({.size = 4 << 20, .checksum = checksum, .shape = {1 << 20}}));
  EXPECT_THAT(refusal(entries, files.data), HasSubstr("unfolds to more than 16 times"));
}

}  // namespace
}  // namespace Atoll
