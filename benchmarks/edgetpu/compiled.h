// The model of the Edge TPU against what its compiler made of published networks.
#pragma once

#include <filesystem>

namespace Atoll::edgetpu_accuracy {

void compiled(const std::filesystem::path& folder, bool verbose);

}  // namespace Atoll::edgetpu_accuracy
