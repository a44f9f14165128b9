// No text moves a cursor, becomes markup or is read by a shell.
#include "interpreter/report/escape.h"

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/report/code_points.h"
#include "tests/interpreter/report/lines.h"

using namespace perilune::report;
using namespace perilune::report_test;

TEST_CASE("shows_control_bytes_and_never_writes_them") {
    CHECK(shown("\x1b[2J\x1b]0;owned\x07") == "\\x1b[2J\\x1b]0;owned\\x07");
    CHECK(shown("a\r\nFAKE: run succeeded") == "a\\r\\nFAKE: run succeeded");
    CHECK(shown(std::string("a\0b", 3)) == "a\\x00b");
    CHECK(shown("\x7f") == "\\x7f");
}

TEST_CASE("shows_controls_that_utf8_hides") {
    CHECK(shown("\xc2\x9b" "31m") == "\\u{9b}31m");            // CSI as one code point
    CHECK(shown("a\xe2\x80\xae" "fdp.exe") == "a\\u{202e}fdp.exe");
    CHECK(shown("pay\xe2\x80\x8b" "pal") == "pay\\u{200b}pal");
    CHECK(shown("\xf3\xa0\x81\x81") == "\\u{e0041}");
}

TEST_CASE("shows_bytes_that_are_no_utf8") {
    CHECK(shown("\xff\xfe") == "\\xff\\xfe");
    CHECK(shown("caf\xc3") == "caf\\xc3");
    CHECK(shown("\xc0\xaf") == "\\xc0\\xaf");          // overlong
    CHECK(shown("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // surrogate
    CHECK(shown("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

TEST_CASE("leaves_text_of_every_language_alone") {
    const std::string text = "Über 東京 Привет 🚀 — ›";
    CHECK(shown(text) == text);
    CHECK(shown(shown("\x1b")) == shown("\x1b"));
}

TEST_CASE("keeps_line_ends_only_where_lines_are_wanted") {
    CHECK(shown_lines("a\n\tb\rc") == "a\n\tb\\rc");
    CHECK(html_lines("a\n<b>") == "a\n&lt;b&gt;");
    CHECK(html("a\n<b>") == "a\\n&lt;b&gt;");
}

TEST_CASE("gives_lines_of_a_text_without_those_that_close_it") {
    CHECK(lines_of("a\r\n\tb\n\nc\x1b[2J\r\n\n") ==
          std::vector<std::string>{"a", "    b", "", "c\\x1b[2J"});
    CHECK(lines_of("") == std::vector<std::string>{""});
    CHECK(lines_of("\n") == std::vector<std::string>{""});
}

TEST_CASE("lines_of_markdown_stay_within_their_item_and_begin_nothing") {
    CHECK(markdown_lines("a\n\n  - b\n12. c\n===\n1234\n# d\n", "  ") ==
          "a\\\n  \\- b\\\n  12\\. c\\\n  \\===\\\n  1234\\\n  \\# d");
    CHECK(markdown_cell("a|b\nc") == "a\\|b<br>c");
}

TEST_CASE("html_has_no_way_out_of_text_or_attribute") {
    CHECK(html("<script>\"'&") == "&lt;script&gt;&quot;&#39;&amp;");
}

TEST_CASE("markdown_cannot_become_markup") {
    CHECK(markdown("![x](http://evil)") == "!\\[x\\](http\\://evil)");
    CHECK(markdown("a|b `c` **d** <img>") ==
          "a\\|b \\`c\\` \\*\\*d\\*\\* &lt;img&gt;");
    CHECK(markdown("www.evil.example") == "www\\.evil.example");
    CHECK(markdown("back\\slash @team") == "back\\\\slash \\@team");
    CHECK(markdown("a\n# b") == "a\\\\n\\# b");
}

TEST_CASE("a_name_in_a_command_runs_nothing") {
    CHECK(command_word("run-1") == "run-1");
    CHECK(command_word("Promote the standby?") == "\"Promote the standby?\"");
    CHECK(command_word("$(reboot)") == "'$(reboot)'");
    CHECK(command_word("`id` it's") == "'`id` it'\\''s'");
    CHECK(command_word("go!") == "'go!'");
    CHECK(command_word("a\"b\\c") == "'a\"b\\c'");
    CHECK(command_word("") == "\"\"");
}

TEST_CASE("agrees_with_the_journal_on_what_is_utf8") {
    for (int first = 0; first < 256; ++first)
        for (const int second : {0x00, 0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xff}) {
            const std::string text = {static_cast<char>(first), static_cast<char>(second),
                                      static_cast<char>(0x80), static_cast<char>(0x80)};
            bool valid = true;
            for (std::size_t at = 0; at < text.size();) {
                const auto point = code_point_at(text, at);
                valid = valid && point.valid;
                at += point.bytes;
            }
            CAPTURE(first);
            CAPTURE(second);
            CHECK(valid == perilune::is_utf8(text));
        }
}
