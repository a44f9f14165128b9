// Values, differences and times in a few words.
#include "interpreter/report/describe.h"

#include <doctest/doctest.h>

#include "tests/interpreter/report/journal.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

TEST_CASE("shows_only_what_differs_and_where") {
    CHECK(difference(table({{"ttl", 300}, {"name", "app"}}),
                     table({{"ttl", 60}, {"name", "app"}})) == "ttl 300 → 60");
    CHECK(difference(table({{"a", 1}}), table({{"b", 2}})) == "a removed (was 1), b = 2");
    CHECK(difference(table({{"in", table({{"x", 1}, {"y", 2}})}}),
                     table({{"in", table({{"x", 1}, {"y", 3}})}})) == "in.y 2 → 3");
    CHECK(difference(table({{"all", List{table({{"v", 1}}), table({{"v", 2}})}}}),
                     table({{"all", List{table({{"v", 1}}), table({{"v", 5}})}}})) ==
          "all[2].v 2 → 5");
    CHECK(difference(Value("a"), Value("b")) == "a → b");
    CHECK(difference({}, table({{"ttl", 60}})) == "nothing → {\"ttl\":60}");
    CHECK(difference(Value(1), Value(1)).empty());
}

TEST_CASE("previews_are_one_harmless_line") {
    CHECK(preview(Value("a\x1b[2J\nb")) == "a\\x1b[2J\\nb");
    CHECK(preview(make_secret("TOKEN")) == "[secret TOKEN]");
    CHECK(preview(table({{"t", make_secret("TOKEN")}})) == "{\"t\":\"[secret TOKEN]\"}");
    CHECK(preview(Value()) == "nothing");
    CHECK(preview(Value("")) == "\"\"");
    CHECK(preview(Value("東京都庁舎"), 6) == "東京…");
    CHECK(preview(Value(std::string(1 << 20, 'x')), 10) == "xxxxxxxxx…");
}

TEST_CASE("calls_are_shown_with_their_arguments") {
    CHECK(call_text("dns/site", "upsert", table({{"name", "app"}, {"ttl", 60}})) ==
          "dns/site:upsert { name = app, ttl = 60 }");
    CHECK(call_text("dns/site", "list", Value(Map{})) == "dns/site:list");
}

TEST_CASE("times_are_utc_and_durations_are_read_from_text_and_numbers") {
    CHECK(clock_text(Journal::first_s + 3661) == "03:01:01");
    CHECK(day_and_clock(Journal::first_s) == "2026-03-01 02:00:00 UTC");
    CHECK(seconds_of(Value("30m")) == 1800);
    CHECK(seconds_of(Value(90)) == 90);
    CHECK(seconds_of(Value("soon")) == 0);
}
