// How pixels become a network's input, as the JSON object that architecture files and ONNX files hold.
#pragma once

#include <nlohmann/json.hpp>

#include "atoll/graph.h"

namespace Atoll::format {

nlohmann::ordered_json preprocessing_json(const Preprocessing& p);
// Throws Error: a member that is missing, unknown or out of range.
Preprocessing read_preprocessing(const nlohmann::json& json);

}  // namespace Atoll::format
