// Pictures for the program to work with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "report/png.h"

namespace Atoll {

// Two classes that differ in brightness: folder/train and folder/test, of 16x16 pixels, so many of each class.
inline void write_pictures(const std::filesystem::path& folder, int train = 12, int test = 6) {
  for (const char* split : {"train", "test"})
    for (int label = 0; label < 2; ++label) {
      const std::filesystem::path place = folder / split / (label == 0 ? "dark" : "light");
      make_folder(place);
      const int count = std::string_view(split) == "train" ? train : test;
      for (int i = 0; i < count; ++i) {
        std::vector<std::uint8_t> pixels;
        for (int p = 0; p < 16 * 16 * 3; ++p)
          pixels.push_back(static_cast<std::uint8_t>(label * 150 + (p * 7 + i * 31) % 90));
        const auto png = report::encode_png(16, 16, 3, pixels);
        std::ofstream(place / (std::to_string(i) + ".png"), std::ios::binary)
            .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
      }
    }
}

}  // namespace Atoll
