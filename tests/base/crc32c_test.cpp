#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace Atoll {
namespace {

TEST(Crc32c, GivesTheTestValuesOfRfc3720) {
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xff})), 0x62a8ab43u);
  std::vector<std::byte> rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising.push_back(static_cast<std::byte>(i));
    falling.push_back(static_cast<std::byte>(31 - i));
  }
  EXPECT_EQ(crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(crc32c(falling), 0x113fdb5cu);
}

TEST(Crc32c, GivesTheCheckValueOfTheCatalogue) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span<const char>("123456789", 9))), 0xe3069283u);
}

}  // namespace
}  // namespace Atoll
