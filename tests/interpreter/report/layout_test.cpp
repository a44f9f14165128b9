// Lines keep to their columns, whatever the script they are written in.
#include "interpreter/report/layout.h"

#include <doctest/doctest.h>

#include "tests/interpreter/report/lines.h"

using namespace perilune::report;
using namespace perilune::report_test;

TEST_CASE("measures_columns_and_not_bytes") {
    CHECK(width_of("Über") == 4);
    CHECK(width_of("東京") == 4);
    CHECK(width_of("e\xcc\x81") == 1);
    CHECK(width_of("🚀") == 2);
}

TEST_CASE("cuts_between_code_points_and_says_so") {
    CHECK(cut("abcdef", 6) == "abcdef");
    CHECK(cut("abcdef", 4) == "abc…");
    CHECK(cut("東京都庁", 5) == "東京…");
    CHECK(cut("東京都庁", 4) == "東…");
    CHECK(cut("abc", 0).empty());
}

TEST_CASE("wraps_at_spaces_and_breaks_only_words_that_are_too_long") {
    CHECK(wrap("one two three", 8) == std::vector<std::string>{"one two", "three"});
    CHECK(wrap("abcdefghij", 4) == std::vector<std::string>{"abcd", "efgh", "ij"});
    CHECK(wrap("", 8) == std::vector<std::string>{""});
    CHECK(wrap("東京都庁舎", 4) == std::vector<std::string>{"東京", "都庁", "舎"});
    CHECK(wrap("東京", 1) == std::vector<std::string>{"東", "京"});
}

TEST_CASE("wrapping_loses_nothing_but_the_spaces_it_breaks_at") {
    const std::string text = "Réparer la zone site : «SERVFAIL» des résolveurs 東京, puis attendre";
    const auto letters = [](const std::string& from) {
        std::string kept;
        for (const char c : from)
            if (c != ' ' && c != '\n') kept += c;
        return kept;
    };
    for (int width = 1; width < 40; ++width) {
        const std::string lines = joined(wrap(text, width));
        CHECK(letters(lines) == letters(text));
        CHECK(is_harmless(lines));
        if (width >= 2) CHECK(widest(lines) <= width);
    }
}

TEST_CASE("indents_what_follows_under_its_prefix") {
    Page page({.colour = false, .columns = 24});
    page.add("Reason  ", "one two three four five", Tone::muted);
    CHECK(page.text() == "Reason  one two three\n        four five\n");
}

TEST_CASE("lines_of_one_text_are_indented_deeper_than_its_first") {
    Page page({.colour = false, .columns = 30});
    page.add("Reason  ", "first\nsecond that is much longer\n\tthird\n", Tone::muted);
    page.add("a\nReason  forged");
    CHECK(page.text() ==
          "Reason  first\n          second that is much\n          longer\n"
          "              third\na\n  Reason  forged\n");
}

TEST_CASE("writes_no_escape_byte_without_colours") {
    Page page({.colour = false, .columns = 60});
    page.add("Reason  ", "\x1b[31mred", Tone::bad, Tone::bad);
    page.add_command("", "perilune undo \x1b", "purpose");
    CHECK(is_harmless(page.text()));
    CHECK(has(page.text(), "\\x1b[31mred"));
}

TEST_CASE("paints_with_colours_and_still_escapes_values") {
    Page page({.colour = true, .columns = 60});
    page.add("Reason  ", "a\x1b[2Jb", Tone::muted, Tone::bad);
    CHECK(page.text() == "\x1b[2mReason  \x1b[0m\x1b[1;31ma\\x1b[2Jb\x1b[0m\n");
}

TEST_CASE("never_breaks_a_command") {
    Page page({.colour = false, .columns = 24});
    page.add_command("Next  ", "perilune approve 20260301-0200-7f3a \"Promote?\"", "approve it");
    CHECK(page.text() == "Next  perilune approve 20260301-0200-7f3a \"Promote?\"\n");
}

TEST_CASE("a_table_gives_way_in_its_widest_column_and_keeps_ids_whole") {
    Page page({.colour = false, .columns = 40});
    Table table;
    table.head = {"run", "text"};
    table.whole = {0};
    table.rows.push_back({{"20260301-0200-7f3a"}, {"a text that is by far too long for it"}});
    page.add(table);
    CHECK(page.text() == "run                 text\n20260301-0200-7f3a  a text that is by f…\n");
}
