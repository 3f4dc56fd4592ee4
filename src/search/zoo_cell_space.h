// ZooCellSpace: a published benchmark's space, whose networks the zoo builds by name.
#pragma once

#include <functional>

#include "atoll/search.h"

namespace Atoll {

class ZooCellSpace : public Space {
 public:
  // `word` makes what follows "name:" in the zoo's name of a network.
  using Word = std::function<std::string(const Genotype&, const std::vector<Decision>&)>;
  using Canonical = Genotype (*)(Genotype);
  ZooCellSpace(std::string name, std::vector<Decision> decisions, Word word, Canonical to_canonical,
               const SpaceOptions& options)
      : name_(std::move(name)),
        decisions_(std::move(decisions)),
        word_(std::move(word)),
        canonical_(to_canonical),
        options_(options) {}
  const std::string& name() const override { return name_; }
  const std::vector<Decision>& decisions() const override { return decisions_; }
  Graph build(const Genotype& genotype) const override;
  std::string describe(const Genotype& genotype) const override;
  Genotype canonical(const Genotype& genotype) const override { return canonical_(genotype); }

 private:
  std::string name_;
  std::vector<Decision> decisions_;
  Word word_;
  Canonical canonical_;
  SpaceOptions options_;
};

// NAS-Bench-201 (Dong and Yang, 2020): the operation on each of the six edges of a cell.
std::unique_ptr<Space> nas_bench_201_space(const SpaceOptions& options);
// Accel-NASBench (Ahmad et al., 2024): expansion, kernel, layers and squeeze-excitation of seven blocks.
std::unique_ptr<Space> accel_nasbench_space(const SpaceOptions& options);

}  // namespace Atoll
