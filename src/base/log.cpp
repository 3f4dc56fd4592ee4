#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace Atoll {
namespace {

std::atomic<Verbosity> verbosity_setting{Verbosity::kNormal};

// What is done within this time was done before, by a run that is resumed: it tells nothing of how long the rest takes.
constexpr std::chrono::milliseconds kReplay{200};

bool quiet() { return verbosity_setting.load() == Verbosity::kQuiet; }

std::string bar(double fraction) {
  constexpr int kWidth = 24;
  const int full = static_cast<int>(std::lround(fraction * kWidth));
  return std::string(static_cast<std::size_t>(full), '#') + std::string(static_cast<std::size_t>(kWidth - full), '-');
}

}  // namespace

void set_verbosity(Verbosity verbosity) { verbosity_setting = verbosity; }

void print_line(std::string_view line) {
  if (!quiet()) fmt::print(stderr, "{}\n", line);
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

bool color_enabled() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

Progress::Progress(std::string title, double total)
    : title_(std::move(title)),
      total_(std::max(total, 1e-9)),
      start_(std::chrono::steady_clock::now()),
      since_(start_),
      last_draw_(start_),
      terminal_(stderr_is_terminal()) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\n");
}

void Progress::update(double done, std::string_view note) {
  if (quiet()) return;
  const auto now = std::chrono::steady_clock::now();
  const double fraction = std::clamp(done / total_, 0.0, 1.0);
  const std::string words = note.empty() ? "" : fmt::format("{}  ", note);
  if (now - start_ < kReplay) {
    before_ = fraction;
    since_ = now;
  }
  const double seconds = std::chrono::duration<double>(now - since_).count();
  const bool known = fraction > before_ || fraction == 1;
  const std::string left = known ? duration_text(seconds * (1 - fraction) / std::max(fraction - before_, 1e-9)) : "?";
  if (terminal_) {
    if (drawn_ && fraction < 1 && now - last_draw_ < std::chrono::milliseconds(100)) return;
    fmt::print(stderr, "\r\033[K{}  [{}] {:3.0f}%  {}left {}", title_, bar(fraction), 100 * fraction, words, left);
    std::fflush(stderr);
    drawn_ = true;
    last_draw_ = now;
    return;
  }
  const int tenth = static_cast<int>(fraction * 10 + 1e-9);
  if (tenth == last_tenth_) return;
  last_tenth_ = tenth;
  fmt::print(stderr, "{}  {:3.0f}%  {}left {}\n", title_, 100 * fraction, words, left);
}

std::string duration_text(double seconds) {
  const auto total = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (total >= 3600) return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string bytes_text(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1024.0 * 1024) return fmt::format("{:.2f} KiB", bytes / 1024);
  if (bytes < 1024.0 * 1024 * 1024) return fmt::format("{:.2f} MiB", bytes / (1024.0 * 1024));
  return fmt::format("{:.2f} GiB", bytes / (1024.0 * 1024 * 1024));
}

std::string count_text(double count) {
  if (count < 1e3) return fmt::format("{:.0f}", count);
  if (count < 1e6) return fmt::format("{:.1f} k", count / 1e3);
  if (count < 1e9) return fmt::format("{:.2f} M", count / 1e6);
  return fmt::format("{:.3f} G", count / 1e9);
}

}  // namespace Atoll
