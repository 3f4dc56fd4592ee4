#include "search/budgets.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace Atoll {
namespace {

// A limit of 0 bytes is one too.
double ratio(std::int64_t bytes, const std::optional<std::int64_t>& limit) {
  if (!limit) return 0;
  if (*limit > 0) return static_cast<double>(bytes) / static_cast<double>(*limit);
  return bytes > 0 ? 1 + static_cast<double>(bytes) : 0;
}

double latency_ratio(const Trial& trial, const SearchOptions& options) {
  return options.latency_budget_ms > 0 ? trial.scores.latency_ms / options.latency_budget_ms : 0;
}

template <typename Words>
std::string listed(const SearchOptions& o, Words words) {
  std::vector<std::string> parts;
  if (o.latency_budget_ms > 0) parts.push_back(words.latency());
  if (o.max_size_bytes) parts.push_back(words.bytes(*o.max_size_bytes, &Scores::size_bytes) + " of parameters");
  if (o.max_memory_bytes) parts.push_back(words.bytes(*o.max_memory_bytes, &Scores::memory_bytes) + " of activations");
  if (o.max_offchip_bytes)
    parts.push_back(words.bytes(*o.max_offchip_bytes, &Scores::offchip_bytes) + " of parameters off the chip");
  if (o.max_work > 0) parts.push_back(fmt::format("a training of {:.2f} million MACs an image", words.work() / 1e6));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string set_costs(Trial& trial, const Costs& costs) {
  trial.macs = costs.macs;
  trial.params = costs.params;
  trial.work = costs.work;
  trial.scores.size_bytes = costs.size_bytes;
  trial.scores.memory_bytes = costs.memory_bytes;
  trial.scores.offchip_bytes = costs.offchip_bytes;
  if (!(costs.latency_ms > 0)) return fmt::format("its latency is {} ms, but must be positive", costs.latency_ms);
  trial.scores.latency_ms = costs.latency_ms;
  return "";
}

double excess(const Trial& trial, const SearchOptions& options) {
  const Scores& s = trial.scores;
  if (std::isinf(s.latency_ms)) return 1e9 + static_cast<double>(trial.macs);
  double worst = latency_ratio(trial, options);
  worst = std::max({worst, ratio(s.size_bytes, options.max_size_bytes), ratio(s.memory_bytes, options.max_memory_bytes),
                    ratio(s.offchip_bytes, options.max_offchip_bytes)});
  if (options.max_work > 0) worst = std::max(worst, trial.work / options.max_work);
  return worst;
}

double share_of_budget(const Trial& trial, const SearchOptions& options) {
  const double worst = excess(trial, options);
  if (worst > 1) return worst;
  return options.latency_budget_ms > 0 ? latency_ratio(trial, options) : 1.0;
}

bool is_latency_worst(const Trial& trial, const SearchOptions& options) {
  return options.latency_budget_ms > 0 && latency_ratio(trial, options) >= excess(trial, options);
}

std::string budget_text(const SearchOptions& options) {
  struct Words {
    const SearchOptions& o;
    std::string latency() const { return fmt::format("{} ms", o.latency_budget_ms); }
    std::string bytes(std::int64_t limit, std::int64_t Scores::*) const {
      return bytes_text(static_cast<double>(limit));
    }
    double work() const { return o.max_work; }
  };
  const std::string text = listed(options, Words{options});
  return text.empty() ? "what the target can run" : text;
}

std::string costs_text(const Trial& trial, const SearchOptions& options) {
  struct Words {
    const Trial& t;
    std::string latency() const { return fmt::format("{:.3f} ms", t.scores.latency_ms); }
    std::string bytes(std::int64_t, std::int64_t Scores::*member) const {
      return bytes_text(static_cast<double>(t.scores.*member));
    }
    double work() const { return t.work; }
  };
  return listed(options, Words{trial});
}

}  // namespace Atoll
