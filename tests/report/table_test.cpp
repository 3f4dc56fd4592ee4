#include <gtest/gtest.h>

#include "atoll/report.h"
#include "report/utf8.h"

namespace Atoll::report {
namespace {

TEST(TextTable, AlignsColumnsByWhatATerminalShows) {
  const Table table{{"name", "ms"}, {{"conv", "1.25"}, {"naïve", "10"}, {"卷积", "3"}}, {false, true}};
  EXPECT_EQ(text_table(table),
            "name     ms\n"
            "-----  ----\n"
            "conv   1.25\n"
            "naïve    10\n"
            "卷积      3\n");
}

TEST(TextTable, RaggedRowsAreFilledUpAndNoLineEndsInSpaces) {
  EXPECT_EQ(text_table({{"a", "b"}, {{"long cell"}, {"x", "y", "z"}}, {}}),
            "a          b\n"
            "---------  -  -\n"
            "long cell\n"
            "x          y  z\n");
  EXPECT_EQ(text_table({}), "");
}

TEST(TextTable, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(text_table({{}, {{"a\nb", "\x1b[2J", "\xc2\x9b"}}, {}}), "a b  ?[2J  ?\n");
}

TEST(Csv, QuotesAsRfc4180Says) {
  EXPECT_EQ(csv({{"plain", "a,b"}, {{"say \"hi\"", "two\nlines"}, {"x"}}, {}}),
            "plain,\"a,b\"\n"
            "\"say \"\"hi\"\"\",\"two\nlines\"\n"
            "x,\n");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("µs ±"), 4);
  EXPECT_EQ(display_width("e\xcc\x81"), 1);  // e and a combining acute
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("\xf0\x9f\x90\xa0"), 2);  // a tropical fish
  EXPECT_EQ(display_width("\xff\xfe"), 2);          // two bytes that are not UTF-8
}

TEST(Utf8, WhatIsNotUtf8BecomesTheReplacementCharacter) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(one_line("a\xff"), "a" + bad);
  EXPECT_EQ(one_line("\xc0\xaf"), bad + bad);            // overlong
  EXPECT_EQ(one_line("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(one_line("\xe2\x82"), bad + bad);            // cut short
  EXPECT_EQ(one_line("\xf0\x9f\x90\xa0"), "\xf0\x9f\x90\xa0");
}

TEST(Utf8, ShortensFromTheFrontByColumns) {
  EXPECT_EQ(shortened("block3/conv", 11), "block3/conv");
  EXPECT_EQ(shortened("block3/conv", 5), "…conv");
  EXPECT_EQ(shortened("aa日本", 5), "…日本");  // two columns each
  EXPECT_EQ(shortened("aa日本", 4), "…本");    // 日 does not fit beside the mark
  EXPECT_EQ(shortened("", 1), "");
}

TEST(HtmlEscape, LeavesNoCharacterThatHtmlReads) {
  EXPECT_EQ(html_escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

}  // namespace
}  // namespace Atoll::report
