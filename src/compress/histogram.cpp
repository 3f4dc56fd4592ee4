#include "compress/histogram.h"

#include <algorithm>
#include <cmath>

namespace Atoll {

void Histogram::add(std::span<const float> values, std::size_t stride) {
  float low = 0, high = 0;
  for (std::size_t i = 0; i < values.size(); i += stride) {
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  if (low < 0 || high > 0) make_room(low, high);
  const double per_width = width_ > 0 ? 1 / width_ : 0;  // exact: a power of two
  for (std::size_t i = 0; i < values.size(); i += stride) {
    if (values[i] == 0) {
      ++zeros_;
      continue;
    }
    const double place = static_cast<double>(values[i]) * per_width;
    const auto truncated = static_cast<std::int64_t>(place);
    const std::int64_t bin = truncated - (place < static_cast<double>(truncated) ? 1 : 0) - first_;  // the floor
    ++counts_[static_cast<std::size_t>(bin)];
    ++counted_;
  }
}

void Histogram::make_room(double low, double high) {
  if (counts_.empty()) {
    // Half of the bins for the first values, so that later ones seldom ask for a merge.
    width_ = std::exp2(std::ceil(std::log2((high - low) / (kBins / 2))));
    first_ = static_cast<std::int64_t>(std::floor(low / width_)) - kBins / 8;
    counts_.assign(kBins, 0);
  }
  for (;;) {
    const double first_wanted = std::floor(low / width_), last_wanted = std::floor(high / width_);
    const auto fits = [&](double bin) {
      return bin >= static_cast<double>(first_) && bin < static_cast<double>(first_ + kBins);
    };
    if (fits(first_wanted) && fits(last_wanted)) return;
    merge_pairs();
  }
}

void Histogram::merge_pairs() {
  std::vector<std::int64_t> merged(kBins, 0);
  const auto half = [](std::int64_t bin) { return bin >= 0 ? bin / 2 : -((1 - bin) / 2); };  // floor
  // The new span has the old one in its middle.
  const std::int64_t new_first = half(first_) - kBins / 4;
  for (std::int64_t i = 0; i < kBins; ++i)
    merged[static_cast<std::size_t>(half(first_ + i) - new_first)] += counts_[static_cast<std::size_t>(i)];
  counts_ = std::move(merged);
  first_ = new_first;
  width_ *= 2;
}

double Histogram::quantile(double q) const {
  const double wanted = q * static_cast<double>(total());
  double seen = 0;
  bool zeros_done = zeros_ == 0;
  double last = 0;
  for (std::size_t bin = 0; bin < counts_.size(); ++bin) {
    const double begin = static_cast<double>(first_ + static_cast<std::int64_t>(bin)) * width_;
    if (!zeros_done && begin >= 0) {
      seen += static_cast<double>(zeros_);
      zeros_done = true;
      last = 0;
      if (seen >= wanted && zeros_ > 0) return 0;
    }
    if (counts_[bin] == 0) continue;
    const double before = seen;
    seen += static_cast<double>(counts_[bin]);
    last = begin + width_;
    if (seen >= wanted)
      return begin + width_ * std::clamp((wanted - before) / static_cast<double>(counts_[bin]), 0.0, 1.0);
  }
  return last;
}

}  // namespace Atoll
