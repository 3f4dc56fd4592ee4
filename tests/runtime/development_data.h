// Models and pictures that lie outside the project: in the folder that ATOLL_DATA names, or in ../shared/data beside
// the sources. Tests that want them are skipped where they are not.
#pragma once

#include <filesystem>
#include <vector>

namespace Atoll {

std::filesystem::path development_data();

// The .tflite classifiers among them, in order of their names; none where the folder is missing. Compiled twins, a
// file that is there to be refused and one that splits and joins are left out.
std::vector<std::filesystem::path> published_classifiers();
// Those of them that compute with integers.
std::vector<std::filesystem::path> integer_classifiers();

}  // namespace Atoll
