// Resizing, cropping, channels and normalisation against values from formulas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/augment.h"
#include "fixtures.h"

namespace Atoll {
namespace {

using namespace fixtures;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using Resize = Preprocessing::Resize;

TEST(Resize, BilinearReadsAtMultiplesOfTheScale) {
  // Output x reads at x * 2/4: 0, 0.5, 1, 1.5, the last clamped to the edge.
  const Image image{1, 2, 1, {0, 100}};
  EXPECT_THAT(resize(image, 1, 4, Resize::kBilinear).pixels, ElementsAre(0, 50, 100, 100));
  // Downscaling by two takes every second pixel: no antialias.
  const Image row{1, 4, 1, {10, 200, 30, 200}};
  EXPECT_THAT(resize(row, 1, 2, Resize::kBilinear).pixels, ElementsAre(10, 30));
}

TEST(Resize, BilinearMixesRowsAndKeepsChannelsApart) {
  const Image image{2, 1, 3, {0, 10, 20, 100, 110, 220}};
  EXPECT_THAT(resize(image, 4, 1, Resize::kBilinear).pixels,
              ElementsAre(0, 10, 20, 50, 60, 120, 100, 110, 220, 100, 110, 220));
}

TEST(Resize, BicubicGivesTensorFlowsPublishedValues) {
  // tf.image.resize_bicubic of [0 1 2], [3 4 5], [6 7 8] to 6x6 has the first row
  // 0 0.40625 1 1.59375 2 2.09375. Here times 32, so that rounding does not hide them.
  Image image{3, 3, 1, {}};
  for (int i = 0; i < 9; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i == 8 ? 255 : 32 * i));
  const Image big = resize(image, 6, 6, Resize::kBicubic);
  const auto row = [&](int y) {
    return std::vector<std::uint8_t>(big.pixels.begin() + 6 * y, big.pixels.begin() + 6 * y + 6);
  };
  EXPECT_THAT(row(0), ElementsAre(0, 13, 32, 51, 64, 67));
}

TEST(Resize, KeepsAPictureOfTheWantedSize) {
  const Image image = gradient(6, 5, 3);
  EXPECT_EQ(resize(image, 6, 5, Resize::kBicubic).pixels, image.pixels);
}

TEST(Resize, AConstantPictureStaysConstant) {
  const Image image{5, 7, 1, std::vector<std::uint8_t>(35, 77)};
  for (const Resize method : {Resize::kBilinear, Resize::kBicubic})
    for (const int side : {1, 3, 8, 31}) EXPECT_THAT(resize(image, side, side + 1, method).pixels, ::testing::Each(77));
}

TEST(Channels, GreyToRgbRepeatsAndRgbToGreyIsBt601Luma) {
  EXPECT_THAT(convert_channels({1, 2, 1, {5, 9}}, 3).pixels, ElementsAre(5, 5, 5, 9, 9, 9));
  // 0.299 R + 0.587 G + 0.114 B
  EXPECT_THAT(convert_channels({1, 4, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}}, 1).pixels,
              ElementsAre(76, 150, 29, 255));
}

TEST(CentreCrop, TakesASquareOfTheShorterSide) {
  Image image{4, 6, 1, {}};
  for (int i = 0; i < 24; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i));
  // Side 2, offsets (4 - 2 + 1) / 2 = 1 and (6 - 2 + 1) / 2 = 2.
  const Image crop = centre_crop(image, 0.5);
  EXPECT_THAT(crop.pixels, ElementsAre(8, 9, 14, 15));
  EXPECT_EQ(centre_crop(image, 1.0).pixels, image.pixels);
  EXPECT_THROW(centre_crop(image, 0.0), Error);
  EXPECT_THROW(centre_crop(image, 1.5), Error);
}

TEST(Preprocess, CropsResizesConvertsAndNormalises) {
  Image image{4, 4, 1, std::vector<std::uint8_t>(16, 255)};
  for (const std::size_t i : {5u, 6u, 9u, 10u}) image.pixels[i] = 127;  // the centre
  Preprocessing preprocessing{.mean = {127.0f}, .std = {128.0f}, .crop_fraction = 0.5f};
  std::vector<float> out(3 * 3 * 3);
  preprocess(image, preprocessing, 3, 3, 3, out);
  EXPECT_EQ(out[0], (127.0f - 127.0f) / 128.0f);
  preprocessing.crop_fraction = 1;
  preprocess(image, preprocessing, 3, 3, 3, out);
  EXPECT_EQ(out[0], 1.0f);
  std::vector<float> small(5);
  EXPECT_THROW(preprocess(image, preprocessing, 3, 3, 3, small), Error);
}

// A Rng whose first chance(0.5) succeeds.
Rng lucky(std::uint64_t from = 0) {
  for (std::uint64_t seed = from;; ++seed)
    if (Rng(seed).chance(0.5)) return Rng(seed);
}

TEST(Augment, FlipMirrorsEachRow) {
  Image image{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  Rng rng = lucky();
  augment(image, {.flip = true}, {}, rng);
  EXPECT_THAT(image.pixels, ElementsAre(3, 2, 1, 6, 5, 4));
  Image colour{1, 2, 3, {1, 2, 3, 4, 5, 6}};
  rng = lucky();
  augment(colour, {.flip = true}, {}, rng);
  EXPECT_THAT(colour.pixels, ElementsAre(4, 5, 6, 1, 2, 3));
}

TEST(Augment, ShiftMovesThePictureAndLetsZerosIn) {
  const Image image = gradient(7, 6, 3);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Image moved = image;
    Rng rng(seed), same(seed);
    augment(moved, {.shift_pixels = 6}, {}, rng);
    const int dy = static_cast<int>(same.below(13)) - 6, dx = static_cast<int>(same.below(13)) - 6;
    for (int y = 0; y < 7; ++y)
      for (int x = 0; x < 6; ++x)
        for (int c = 0; c < 3; ++c) {
          const int sy = y - dy, sx = x - dx;
          const bool inside = sy >= 0 && sy < 7 && sx >= 0 && sx < 6;
          const int wanted = inside ? image.pixels[static_cast<std::size_t>((sy * 6 + sx) * 3 + c)] : 0;
          ASSERT_EQ(moved.pixels[static_cast<std::size_t>((y * 6 + x) * 3 + c)], wanted) << dy << ", " << dx;
        }
  }
}

TEST(Augment, CutoutWritesOneSquareOfTheMean) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Image image{9, 9, 1, std::vector<std::uint8_t>(81, 0)};
    const std::vector<std::uint8_t> fill = {200};
    Rng rng(seed);
    augment(image, {.cutout_pixels = 4}, fill, rng);
    const auto hit = std::count(image.pixels.begin(), image.pixels.end(), 200);
    EXPECT_GE(hit, 4);
    EXPECT_LE(hit, 16);
  }
}

TEST(Augment, RandomCropsHaveTheWantedSizeAndDiffer) {
  const Image image = gradient(40, 60, 3);
  Rng rng(5);
  const Image a = random_resized_crop(image, 0.08, 16, 16, Resize::kBilinear, rng);
  const Image b = random_resized_crop(image, 0.08, 16, 16, Resize::kBilinear, rng);
  EXPECT_EQ(a.pixels.size(), 16u * 16 * 3);
  EXPECT_NE(a.pixels, b.pixels);
  Rng thin(1);
  EXPECT_EQ(random_resized_crop(gradient(1, 50, 1), 0.9, 8, 8, Resize::kBilinear, thin).pixels.size(), 64u);
}

TEST(Augment, RandAugmentKeepsTheSizeAndAtMagnitudeZeroMostlyThePixels) {
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Image image = gradient(20, 17, seed % 2 == 0 ? 3 : 1), before = image;
    Rng rng(seed);
    randaugment(image, 3, 10, rng);
    EXPECT_EQ(image.pixels.size(), before.pixels.size());
    changed += image.pixels != before.pixels;
  }
  EXPECT_GT(changed, 150);
}

}  // namespace
}  // namespace Atoll
