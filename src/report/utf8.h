// UTF-8 as a terminal and a browser see it: code points, their width in columns, and text made safe to
// stand in HTML or in a script. Bytes that are not UTF-8 become U+FFFD.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace Atoll::report {

// The code point at `position`, which moves behind it; U+FFFD for a byte that starts none.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& text, char32_t code_point);

// Columns on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji, else 1.
int display_width(std::string_view text);

// One line for a terminal: white space other than ' ' becomes ' ', control characters become '?'.
std::string one_line(std::string_view text);

// The text, or "…" and as much of its end as fits into `columns`. For names that other tools make by joining others:
// their end tells more than their beginning.
std::string shortened(std::string_view text, int columns = 48);

std::string html_escape(std::string_view text);

}  // namespace Atoll::report
