// Ten classes of ImageNet in a folder, and a model that knows a thousand.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "atoll/error.h"
#include "atoll/runtime.h"
#include "runtime/model_input.h"

namespace Atoll {
namespace {

class Renumbered final : public Dataset {
 public:
  Renumbered(std::shared_ptr<const Dataset> data, std::vector<std::string> classes, std::vector<int> number_of)
      : data_(std::move(data)), classes_(std::move(classes)), number_of_(std::move(number_of)) {}

  std::int64_t size() const override { return data_->size(); }
  int label(std::int64_t index) const override { return number_of_[static_cast<std::size_t>(data_->label(index))]; }
  Image image(std::int64_t index) const override { return data_->image(index); }
  std::string name(std::int64_t index) const override { return data_->name(index); }
  const std::vector<std::string>& classes() const override { return classes_; }

 private:
  std::shared_ptr<const Dataset> data_;
  std::vector<std::string> classes_;
  std::vector<int> number_of_;  // by class of the data
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<std::int64_t> number_in(const std::string& text) {
  const bool digits = !text.empty() && text.size() < 10 &&
                      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!digits) return std::nullopt;
  return std::stoll(text);
}

// What the model calls its classes, without a background class; numbers where it has no names.
std::vector<std::string> class_names(const Graph& graph, std::int64_t classes) {
  std::vector<std::string> names = graph.labels;
  if (static_cast<std::int64_t>(names.size()) != classes) {
    names.clear();
    for (std::int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  } else if (has_background_label(graph)) {
    names.erase(names.begin());
  }
  return names;
}

}  // namespace

std::shared_ptr<const Dataset> with_classes_of(const Graph& graph, std::shared_ptr<const Dataset> data) {
  const std::int64_t classes = classes_of(graph);
  const std::vector<std::string>& own = data->classes();
  const auto count = static_cast<std::int64_t>(own.size());
  if (count >= classes || (count + 1 == classes && (graph.labels.empty() || has_background_label(graph)))) return data;
  std::vector<std::string> names = class_names(graph, classes);
  std::map<std::string, int> number_of_name;
  for (std::size_t i = 0; i < names.size(); ++i) number_of_name.emplace(lower(names[i]), static_cast<int>(i));
  std::vector<int> number_of;
  for (const std::string& name : own) {
    const auto found = number_of_name.find(lower(name));
    const std::optional<std::int64_t> number = number_in(name);
    if (found != number_of_name.end())
      number_of.push_back(found->second);
    else if (number && *number < static_cast<std::int64_t>(names.size()))
      number_of.push_back(static_cast<int>(*number));
    else
      fail(
          "class '{}' of the data set is none of the {} that '{}' tells apart: it should be one of the model's labels "
          "or a number below {}",
          name, names.size(), graph.name, names.size());
  }
  return std::make_shared<Renumbered>(std::move(data), std::move(names), std::move(number_of));
}

}  // namespace Atoll
