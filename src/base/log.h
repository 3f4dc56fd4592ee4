// Words and progress for a person: everything goes to stderr, data alone goes to stdout. A progress bar
// is drawn on a terminal only; elsewhere a plain line is printed when a tenth of the work is done.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace Atoll {

enum class Verbosity { kQuiet, kNormal };
void set_verbosity(Verbosity verbosity);
void print_line(std::string_view line);  // to stderr, unless quiet

template <typename... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  print_line(fmt::format(text, std::forward<Args>(args)...));
}

// One line, redrawn: "training  [#####-----]  53%  12.3 img/s  loss 0.41  left 1:24".
class Progress {
 public:
  Progress(std::string title, double total);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(double done, std::string_view note = {});

 private:
  std::string title_;
  double total_;
  double before_ = 0;  // share that was done by since_: the speed is that of the rest
  std::chrono::steady_clock::time_point start_, since_, last_draw_;
  int last_tenth_ = 0;
  bool terminal_, drawn_ = false;
};

bool stderr_is_terminal();
bool color_enabled();  // stdout is a terminal and NO_COLOR is not set

std::string duration_text(double seconds);  // "1:24", "2:03:10"
std::string bytes_text(double bytes);       // "6.55 MiB"
std::string count_text(double count);       // "5.44 M"

}  // namespace Atoll
