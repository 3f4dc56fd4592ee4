// Archives as downloads come, and as nobody should send them.
#include "format/tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "format/tar_files.h"

namespace Atoll {
namespace {

using format_test::gzip_of;
using format_test::tar_of;
using testing::HasSubstr;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Tar, GivesFilesByTheLastPartOfTheirPaths) {
  const std::vector<std::byte> tar = tar_of({{"net/model.index", "abc"}, {"net/model.data", std::string(1000, 'd')}});
  const auto files = format::read_tar(tar, "it");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(text_of(files.at("model.index")), "abc");
  EXPECT_EQ(text_of(files.at("model.data")), std::string(1000, 'd'));
}

TEST(Tar, NeverLetsAPathLeadAnywhere) {
  const std::vector<std::byte> tar = tar_of({{"../../etc/passwd", "x"}, {"/absolute", "y"}, {"..", "z"}});
  const auto files = format::read_tar(tar, "it");
  for (const auto& [name, content] : files) EXPECT_EQ(name.find('/'), std::string::npos) << name;
  EXPECT_EQ(text_of(files.at("passwd")), "x");
}

TEST(Tar, PassesOverLinksAndFolders) {
  for (const char type : {'1', '2', '3', '5', '6', 'x', 'g'})
    EXPECT_TRUE(format::read_tar(tar_of({{"a", ""}}, type), "it").empty()) << type;
}

TEST(Tar, ReadsGnusLongNames) {
  const std::string long_name = std::string(150, 'p') + "/model.index";
  std::vector<std::byte> tar = tar_of({{"././@LongLink", long_name}}, 'L');
  tar.resize(tar.size() - 1024);
  const std::vector<std::byte> rest = tar_of({{"short", "abc"}});
  tar.insert(tar.end(), rest.begin(), rest.end());
  EXPECT_EQ(text_of(format::read_tar(tar, "it").at("model.index")), "abc");
}

TEST(Tar, RefusesWhatIsDamagedCutOffOrDouble) {
  std::vector<std::byte> tar = tar_of({{"a", std::string(600, 'a')}});
  EXPECT_THAT(error_of([&] { format::read_tar(std::span(tar).first(1024), "it"); }), HasSubstr("cut off"));
  tar[3] = std::byte{'x'};
  EXPECT_THAT(error_of([&] { format::read_tar(tar, "it"); }), HasSubstr("wrong checksum"));
  EXPECT_THAT(error_of([] { format::read_tar(tar_of({{"b/a", "1"}, {"c/a", "2"}}), "it"); }), HasSubstr("two files"));
}

TEST(Gzip, GivesTheBytesOfEveryMember) {
  const std::vector<std::byte> one = tar_of({{"a", "abc"}}), packed = gzip_of(one);
  std::vector<std::byte> twice = packed, expected = one;
  twice.insert(twice.end(), packed.begin(), packed.end());
  expected.insert(expected.end(), one.begin(), one.end());
  EXPECT_EQ(format::unpack_gzip(packed, "it"), one);
  EXPECT_EQ(format::unpack_gzip(twice, "it"), expected);
}

TEST(Gzip, RefusesABomb) {
  const std::vector<std::byte> bomb = gzip_of(std::vector<std::byte>(64 << 20));
  EXPECT_LT(bomb.size(), 70000u);
  EXPECT_THAT(error_of([&] { format::unpack_gzip(bomb, "it"); }), HasSubstr("unfolds to more than 16 times"));
}

TEST(Gzip, RefusesDamage) {
  std::vector<std::byte> packed = gzip_of(tar_of({{"a", "abc"}}));
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_NE(error_of([&] { format::unpack_gzip(std::span(packed).first(size), "it"); }), "no error") << size;
  packed[packed.size() - 6] ^= std::byte{1};  // its checksum
  EXPECT_THAT(error_of([&] { format::unpack_gzip(packed, "it"); }), HasSubstr("damaged"));
}

}  // namespace
}  // namespace Atoll
