// The parts of a trial that a store keeps as text: "1,0,3" for a genotype, "1:0.25:0.31,2:-inf:-1" for its rungs
// (epoch, bar, accuracy), with all digits.
#pragma once

#include <string>

#include "atoll/search.h"

namespace Atoll {

std::string text_of(const Genotype& genotype);
std::string text_of(const std::vector<Rung>& rungs);
// Throw Error naming the store for text that is damaged.
Genotype genotype_of(const std::string& text, const std::string& store);
std::vector<Rung> rungs_of(const std::string& text, const std::string& store);

}  // namespace Atoll
