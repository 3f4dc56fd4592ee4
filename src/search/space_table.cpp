// Reads a user's space: a table like those of the spaces that come with Atoll, as JSON.
#include <nlohmann/json.hpp>

#include "atoll/error.h"
#include "format/json_nesting.h"
#include "search/factorized_space.h"

namespace Atoll {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxStages = 32, kMaxChoices = 64;

void require_object(const Json& json, const std::string& where, std::initializer_list<const char*> known) {
  if (!json.is_object()) fail("{} is {}, but must be an object", where, json.type_name());
  for (const auto& [key, value] : json.items()) {
    bool found = false;
    std::string names;
    for (const char* name : known) {
      found |= key == name;
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    if (!found) fail("{} has a field '{}', but may only have {}", where, key, names);
  }
}

int integer(const Json& json, const std::string& where, int low, int high) {
  if (!json.is_number_integer() || json < low || json > high)
    fail("{} is {}, but must be a whole number from {} to {}", where, json.dump(), low, high);
  return json.get<int>();
}

// A list of choices, or a single one without its brackets; `fallback` where the field is absent.
template <typename T, typename Read>
std::vector<T> choices(const Json& json, const char* field, const std::string& where, std::vector<T> fallback,
                       Read read) {
  const std::string name = fmt::format("'{}' of {}", field, where);
  if (!json.contains(field)) {
    if (fallback.empty()) fail("{} is missing", name);
    return fallback;
  }
  const Json& value = json.at(field);
  if (!value.is_array()) return {read(value, name)};
  if (value.empty() || value.size() > kMaxChoices)
    fail("{} has {} choices, but must have 1 to {}", name, value.size(), kMaxChoices);
  std::vector<T> list;
  for (const Json& one : value) {
    list.push_back(read(one, name));
    for (std::size_t i = 0; i + 1 < list.size(); ++i)
      if (list[i] == list.back()) fail("{} has the choice {} twice", name, one.dump());
  }
  return list;
}

auto integers(int low, int high) {
  return [=](const Json& json, const std::string& where) { return integer(json, where, low, high); };
}

StageTable read_stage(const Json& json, const std::string& where) {
  require_object(json, where, {"stride", "block", "expansion", "channels", "repeats", "skip", "squeeze"});
  StageTable stage;
  if (json.contains("stride")) stage.stride = integer(json["stride"], "'stride' of " + where, 1, 4);
  const auto blocks =
      choices<std::string>(json, "block", where, {}, [](const Json& value, const std::string& name) -> std::string {
        if (!value.is_string()) fail("{} has {}, but must have names such as \"fused3x3\"", name, value.dump());
        return value.get<std::string>();
      });
  for (const std::string& block : blocks) stage.block.push_back(parse_block(block));
  stage.expansion = choices<int>(json, "expansion", where, {1}, integers(1, 16));
  stage.channels = choices<int>(json, "channels", where, {}, integers(1, 8192));
  stage.repeats = choices<int>(json, "repeats", where, {1}, integers(1, 64));
  stage.skip = choices<bool>(json, "skip", where, {true}, [](const Json& value, const std::string& name) {
    if (!value.is_boolean()) fail("{} has {}, but must have true or false", name, value.dump());
    return value.get<bool>();
  });
  stage.squeeze = choices<double>(json, "squeeze", where, {0.0}, [](const Json& value, const std::string& name) {
    if (!value.is_number() || value < 0 || value > 1) fail("{} has {}, but must have 0 to 1", name, value.dump());
    return value.get<double>();
  });
  return stage;
}

}  // namespace

SpaceTable read_space_table(const std::string& text, const std::string& name) {
  const std::string where = fmt::format("space '{}'", name);
  format::check_nesting(text, where);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) fail("{} is not JSON", where);
  require_object(json, where, {"name", "activation", "stem", "stages", "head", "dropout"});
  SpaceTable table{.name = name};
  const auto word = [&](const char* field, std::string& value) {
    if (!json.contains(field)) return;
    if (!json[field].is_string()) fail("'{}' of {} is {}, but must be text", field, where, json[field].dump());
    value = json[field].get<std::string>();
  };
  word("name", table.name);
  word("activation", table.activation);
  if (!json.contains("stem")) fail("{} has no field 'stem'", where);
  const Json& stem = json["stem"];
  require_object(stem, "the stem of " + where, {"stride", "channels"});
  if (stem.contains("stride")) table.stem_stride = integer(stem["stride"], "the stem's stride of " + where, 1, 4);
  table.stem = choices<int>(stem, "channels", "the stem of " + where, {}, integers(1, 8192));
  if (!json.contains("stages") || !json["stages"].is_array() || json["stages"].empty() ||
      json["stages"].size() > kMaxStages)
    fail("{} must have a list 'stages' of 1 to {} stages", where, kMaxStages);
  for (const Json& stage : json["stages"])
    table.stages.push_back(read_stage(stage, fmt::format("stage {} of {}", table.stages.size() + 1, where)));
  table.head = choices<int>(json, "head", where, {0}, integers(0, 8192));
  if (json.contains("dropout")) {
    if (!json["dropout"].is_number() || json["dropout"] < 0 || json["dropout"] > 0.9)
      fail("'dropout' of {} is {}, but must be 0 to 0.9", where, json["dropout"].dump());
    table.dropout = json["dropout"].get<float>();
  }
  return table;
}

}  // namespace Atoll
