#include "search/store/trial_text.h"

#include <charconv>

#include "atoll/error.h"

namespace Atoll {
namespace {

// Reads numbers with one separator behind each, but for the last.
class NumberReader {
 public:
  explicit NumberReader(const std::string& text) : at_(text.data()), end_(at_ + text.size()) {}
  bool done() const { return at_ == end_; }
  template <typename T>
  bool read(T& value) {
    const auto [next, error] = std::from_chars(at_, end_, value);
    if (error != std::errc()) return false;
    at_ = next;
    return true;
  }
  bool skip(char separator) {
    if (done() || *at_ != separator) return false;
    ++at_;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

std::string text_of(const Genotype& genotype) { return fmt::format("{}", fmt::join(genotype, ",")); }

std::string text_of(const std::vector<Rung>& rungs) {
  std::string text;
  for (const Rung& rung : rungs)
    text += fmt::format("{}{}:{}:{}", text.empty() ? "" : ",", rung.epoch, rung.bar, rung.accuracy);
  return text;
}

Genotype genotype_of(const std::string& text, const std::string& store) {
  Genotype genotype;
  NumberReader reader(text);
  while (!reader.done()) {
    int choice = 0;
    if (!reader.read(choice) || (!reader.done() && !reader.skip(',')))
      fail("trial store '{}' is damaged: '{}' is not a genotype", store, text);
    genotype.push_back(choice);
  }
  return genotype;
}

std::vector<Rung> rungs_of(const std::string& text, const std::string& store) {
  std::vector<Rung> rungs;
  NumberReader reader(text);
  while (!reader.done()) {
    Rung rung;
    if (!reader.read(rung.epoch) || !reader.skip(':') || !reader.read(rung.bar) || !reader.skip(':') ||
        !reader.read(rung.accuracy) || (!reader.done() && !reader.skip(',')))
      fail("trial store '{}' is damaged: '{}' is not a row of rungs", store, text);
    rungs.push_back(rung);
  }
  return rungs;
}

}  // namespace Atoll
