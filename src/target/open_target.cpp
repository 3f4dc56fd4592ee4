#include <algorithm>

#include "atoll/error.h"
#include "atoll/target.h"
#include "base/file.h"
#include "target/cpu/cpu_target.h"
#include "target/edgetpu/edgetpu_target.h"
#include "target/edgetpu/what_if.h"
#include "target/target_file.h"

namespace Atoll {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(const std::string& name) {
  std::vector<std::string> names = target_names();
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(a, name) < edit_distance(b, name);
  });
  std::string text;
  for (const std::string& one : names) text += (text.empty() ? "" : ", ") + one;
  return text;
}

}  // namespace

PartsCost Target::cost(std::span<const Part* const>) const {
  fail("target '{}' predicts whole networks only, not parts of them", name());
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const edgetpu::Chip& chip : edgetpu::known_chips()) names.push_back(chip.name);
  names.insert(names.end(), {"cpu", "cpu-float"});
  return names;
}

std::shared_ptr<const Target> open_target(const std::string& name) {
  for (const edgetpu::Chip& chip : edgetpu::known_chips())
    if (chip.name == name) return std::make_shared<edgetpu::EdgeTpuTarget>(chip);
  if (name == "cpu") return std::make_shared<cpu::CpuTarget>(cpu::Arithmetic::kInt8);
  if (name == "cpu-float") return std::make_shared<cpu::CpuTarget>(cpu::Arithmetic::kFloat);
  if (name.ends_with(".json")) return read_target(read_text(name, 1 << 24), name);
  fail("the target '{}' is not known; it is one of {} or the path of a target file (.json)", name, nearest(name));
}

std::shared_ptr<const Target> what_if(const std::string& target, const std::string& changes) {
  const auto base = std::dynamic_pointer_cast<const edgetpu::EdgeTpuTarget>(open_target(target));
  if (base == nullptr) fail("--what-if changes an Edge TPU, but '{}' is none", target);
  return std::make_shared<edgetpu::EdgeTpuTarget>(edgetpu::changed(base->chip(), changes));
}

}  // namespace Atoll
