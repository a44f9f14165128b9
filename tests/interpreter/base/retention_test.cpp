// Retention: which of many dated things stay, by the UTC calendar.
#include "interpreter/base/retention.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "interpreter/base/units.h"

namespace perilune {

namespace {

using Ids = std::vector<std::string>;

// Things named by the moments at which they were made.
std::vector<Dated> made_at(const Ids& times) {
    std::vector<Dated> things;
    for (const auto& time : times) things.push_back({time, *parse_time(time)});
    return things;
}

RetentionChoice choose(const Ids& times, const Retention& retention, double keep_at_least = 0) {
    return *choose_retention(made_at(times), retention, keep_at_least, 1e6);
}

}  // namespace

TEST_CASE("keeps_the_newest_ones_and_removes_the_oldest_first") {
    const auto choice = choose(
        {"2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"}, {.last = 1});
    CHECK(choice.kept == Ids{"2026-01-03T00:00:00Z"});
    CHECK(choice.removed == Ids{"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"});
}

TEST_CASE("keeps_the_newest_of_each_utc_day") {
    const auto choice = choose({"2026-03-01T23:59:59Z", "2026-03-01T01:00:00Z",
                                "2026-03-02T00:00:00Z", "2026-02-27T05:00:00Z"},
                               {.daily = 2});
    CHECK(choice.kept == Ids{"2026-03-02T00:00:00Z", "2026-03-01T23:59:59Z"});
}

TEST_CASE("counts_only_periods_that_have_one") {
    // A week without backups uses up none of the daily ones.
    const auto choice = choose(
        {"2026-03-10T00:00:00Z", "2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z"}, {.daily = 3});
    CHECK(choice.removed.empty());
}

TEST_CASE("begins_weeks_on_monday") {
    // 2026-03-01 is a Sunday, 2026-03-02 a Monday.
    const auto choice = choose({"2026-03-02T00:00:00Z", "2026-03-01T23:00:00Z",
                                "2026-02-23T00:00:00Z", "2026-02-22T23:59:59Z"},
                               {.weekly = 3});
    CHECK(choice.kept ==
          Ids{"2026-03-02T00:00:00Z", "2026-03-01T23:00:00Z", "2026-02-22T23:59:59Z"});
    CHECK(choice.removed == Ids{"2026-02-23T00:00:00Z"});
}

TEST_CASE("keeps_months_and_years_across_a_leap_day_and_before_1970") {
    const auto choice = choose({"2024-02-29T12:00:00Z", "2024-02-28T12:00:00Z",
                                "2023-12-31T23:59:59Z", "1969-12-31T23:59:59Z"},
                               {.monthly = 2, .yearly = 3});
    CHECK(choice.kept ==
          Ids{"2024-02-29T12:00:00Z", "2023-12-31T23:59:59Z", "1969-12-31T23:59:59Z"});
    CHECK(choice.removed == Ids{"2024-02-28T12:00:00Z"});
}

TEST_CASE("joins_the_rules_so_that_one_is_enough_to_keep") {
    Ids days;
    for (int day = 1; day <= 28; ++day)
        days.push_back("2026-02-" + std::string(day < 10 ? "0" : "") + std::to_string(day) +
                       "T01:00:00Z");
    const auto choice = choose(days, {.daily = 7, .weekly = 4, .monthly = 12});
    // Seven days from the 22nd to the 28th, then the Sundays 15, 8 (the week of 28 and of 22 are
    // the first two of four).
    CHECK(choice.kept.size() == 9);
    CHECK(choice.kept.front() == "2026-02-28T01:00:00Z");
    CHECK(choice.kept.back() == "2026-02-08T01:00:00Z");
}

TEST_CASE("never_keeps_fewer_than_asked_for") {
    const Ids times = {"2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"};
    CHECK(choose(times, {.daily = 1}, 2).kept.size() == 2);
    CHECK(choose(times, {.daily = 1}, 10).removed.empty());
}

TEST_CASE("stops_before_the_first_deletion_where_more_would_go") {
    const auto things =
        made_at({"2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z", "2026-01-03T01:00:00Z"});
    const auto refused = choose_retention(things, {.last = 1}, 0, 1);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "too_many_deletions");
    CHECK(refused.error().message.find("would delete 2 of 3") != std::string::npos);
    CHECK(choose_retention(things, {.last = 1}, 0, 2).ok());
}

TEST_CASE("decides_the_same_again_after_a_part_was_removed") {
    auto times = Ids{"2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-02T01:00:00Z",
                     "2026-01-02T05:00:00Z", "2026-01-03T01:00:00Z"};
    const auto first = choose(times, {.daily = 2});
    times.erase(times.begin());  // The first of `removed` is gone; a crash came then.
    CHECK(choose(times, {.daily = 2}).kept == first.kept);
}

TEST_CASE("refuses_a_retention_that_keeps_nothing_or_is_misspelt") {
    CHECK(read_retention(Value(Map{{"daily", 7}, {"weekly", 4}})).value().weekly == 4);
    CHECK_FALSE(read_retention(Value(Map{})).ok());
    CHECK_FALSE(read_retention(Value(Map{{"daily", 0}})).ok());
    CHECK_FALSE(read_retention(Value(Map{{"daily", -1}})).ok());
    CHECK_FALSE(read_retention(Value(Map{{"daily", 1.5}})).ok());
    const auto misspelt = read_retention(Value(Map{{"dayly", 7}}));
    REQUIRE_FALSE(misspelt.ok());
    CHECK(misspelt.error().message.find("daily") != std::string::npos);
}

}  // namespace perilune
