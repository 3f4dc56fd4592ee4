#include <algorithm>

#include "atoll/error.h"
#include "base/file.h"
#include "search/factorized_space.h"
#include "search/zoo_cell_space.h"

namespace Atoll {

std::vector<std::string> space_names() { return {"edgetpu", "mnasnet", "nas-bench-201", "accel-nasbench"}; }

std::unique_ptr<Space> make_space(const std::string& name, const SpaceOptions& options) {
  if (options.h < 1 || options.w < 1 || options.h > 8192 || options.w > 8192)
    fail("the resolution of space '{}' is {}x{}, but each side must be between 1 and 8192", name, options.h, options.w);
  if (options.channels != 1 && options.channels != 3)
    fail("the pictures of space '{}' have {} channels, but must have 1 or 3", name, options.channels);
  if (options.classes < 2 || options.classes > 100000)
    fail("space '{}' is to tell {} classes apart, but must have 2 to 100000", name, options.classes);
  if (name == "edgetpu") return std::make_unique<FactorizedSpace>(edgetpu_table(options), options);
  if (name == "mnasnet") return std::make_unique<FactorizedSpace>(mnasnet_table(options), options);
  if (name == "nas-bench-201") return nas_bench_201_space(options);
  if (name == "accel-nasbench") return accel_nasbench_space(options);
  if (name.ends_with(".json")) {
    const std::string table = options.table.empty() ? read_text(name, 1 << 20) : options.table;
    return std::make_unique<FactorizedSpace>(read_space_table(table, name), options);
  }
  fail("no space is called '{}'; there are: {}, or the path of a table (.json)", name, fmt::join(space_names(), ", "));
}

Graph Space::build_part(const Genotype&, std::size_t) const {
  fail("space '{}' builds whole networks only, not parts of them", name());
}

Genotype random_genotype(const Space& space, Rng& rng) {
  Genotype genotype;
  for (const Decision& decision : space.decisions())
    genotype.push_back(static_cast<int>(rng.below(static_cast<std::int64_t>(decision.choices.size()))));
  return genotype;
}

void require_valid(const Space& space, const Genotype& genotype) {
  const std::vector<Decision>& decisions = space.decisions();
  if (genotype.size() != decisions.size())
    fail("a genotype of space '{}' has {} choices, but must have {}", space.name(), genotype.size(), decisions.size());
  for (std::size_t i = 0; i < decisions.size(); ++i)
    if (genotype[i] < 0 || genotype[i] >= static_cast<int>(decisions[i].choices.size()))
      fail("decision '{}' of space '{}' has choice {}, but must have 0 to {}", decisions[i].name, space.name(),
           genotype[i], decisions[i].choices.size() - 1);
}

}  // namespace Atoll
