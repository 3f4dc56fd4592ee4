// JsonObject: strict reading of one JSON object. Every member must be of the right kind and in range, and none
// may be left over; each error names the place ("nodes[3]"), the value found and the value wanted.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace Atoll::format {

class JsonObject {
 public:
  JsonObject(const nlohmann::json& json, std::string place);

  bool has(const std::string& name) const { return json_.contains(name); }
  const nlohmann::json& get(const std::string& name);  // throws Error where it is missing

  std::string text(const std::string& name);
  bool boolean(const std::string& name);
  std::int64_t integer(const std::string& name, std::int64_t low, std::int64_t high);
  double number(const std::string& name);
  std::vector<std::int64_t> integers(const std::string& name, std::int64_t low, std::int64_t high);
  std::vector<float> numbers(const std::string& name);
  const nlohmann::json& array(const std::string& name);

  // A field of a record, of its own type.
  template <typename T>
  void read(const char* name, T& value) {
    const nlohmann::json& found = get(name);
    if constexpr (std::is_same_v<T, std::string>) {
      if (!found.is_string()) reject(name, "a string");
    } else if constexpr (std::is_same_v<T, bool>) {
      if (!found.is_boolean()) reject(name, "true or false");
    } else if constexpr (std::is_integral_v<T>) {
      const bool fits = found.is_number_unsigned()
                            ? std::in_range<T>(found.get<std::uint64_t>())
                            : found.is_number_integer() && std::in_range<T>(found.get<std::int64_t>());
      if (!fits)
        reject(name,
               fmt::format("an integer from {} to {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else {
      if (!found.is_number()) reject(name, "a number");
    }
    value = found.get<T>();
  }

  void finish() const;  // throws Error for a member that nobody asked for
  const std::string& place() const { return place_; }

 private:
  [[noreturn]] void reject(const std::string& name, const std::string& wanted) const;

  const nlohmann::json& json_;
  std::string place_;
  std::set<std::string> used_;
};

// Records whose fields one function names, `each_field(record, field)` with field("name", record.name) for every one:
// what reads and what writes goes through it, so that they cannot disagree.
template <typename Record, typename EachField>
nlohmann::json json_of(const Record& record, EachField each_field) {
  nlohmann::json json;
  each_field(record, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}
template <typename Record, typename EachField>
Record record_of(JsonObject& object, EachField each_field) {
  Record record;
  each_field(record, [&](const char* name, auto& value) { object.read(name, value); });
  return record;
}

}  // namespace Atoll::format
