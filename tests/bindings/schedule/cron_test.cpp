// Cron expressions: which moments they name, also when clocks change.
#include <random>

#include <doctest/doctest.h>

#include "bindings/schedule/cron.h"
#include "interpreter/base/units.h"

using namespace perilune;

namespace {

UnixSeconds at(const std::string& text) { return static_cast<UnixSeconds>(*parse_time(text)); }

std::string next(const std::string& cron, const std::string& after,
                 const std::string& zone = "UTC") {
    const auto parsed = CronExpression::parse(cron);
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    const auto found = parsed->next(at(after), *TimeZone::find(zone));
    return found ? show_time(static_cast<double>(*found)) : "never";
}

std::string previous(const std::string& cron, const std::string& before,
                     const std::string& zone = "UTC") {
    const auto found = CronExpression::parse(cron)->previous(at(before), *TimeZone::find(zone));
    return found ? show_time(static_cast<double>(*found)) : "never";
}

std::vector<std::string> between(const std::string& cron, const std::string& from,
                                 const std::string& to, const std::string& zone) {
    std::vector<std::string> shown;
    for (const auto moment :
         CronExpression::parse(cron)->between(at(from), at(to), *TimeZone::find(zone), 1000))
        shown.push_back(show_time(static_cast<double>(moment)));
    return shown;
}

}  // namespace

TEST_CASE("finds_the_next_moment") {
    CHECK(next("0 2 * * *", "2026-03-01T01:59:59Z") == "2026-03-01T02:00:00Z");
    CHECK(next("0 2 * * *", "2026-03-01T02:00:00Z") == "2026-03-02T02:00:00Z");
    CHECK(next("*/15 * * * *", "2026-03-01T02:07:00Z") == "2026-03-01T02:15:00Z");
    CHECK(next("5-10/2,40 3 * * *", "2026-03-01T03:07:00Z") == "2026-03-01T03:09:00Z");
    CHECK(next("5-10/2,40 3 * * *", "2026-03-01T03:09:00Z") == "2026-03-01T03:40:00Z");
    CHECK(next("0 0 29 2 *", "2026-03-01T00:00:00Z") == "2028-02-29T00:00:00Z");
    CHECK(next("0 0 31 12 *", "2026-12-31T00:00:00Z") == "2027-12-31T00:00:00Z");
    CHECK(next("30 4 * * MON-fri", "2026-03-06T05:00:00Z") == "2026-03-09T04:30:00Z");
    CHECK(next("0 0 1 jan *", "2026-03-01T00:00:00Z") == "2027-01-01T00:00:00Z");
    CHECK(next("0 0 30 2 *", "2026-03-01T00:00:00Z") == "never");
    CHECK(next("@reboot", "2026-03-01T00:00:00Z") == "never");
    CHECK(next("0 2 * * *", "1960-03-01T02:00:00Z") == "1960-03-02T02:00:00Z");
}

TEST_CASE("finds_the_previous_moment") {
    CHECK(previous("0 2 * * *", "2026-03-01T02:00:00Z") == "2026-02-28T02:00:00Z");
    CHECK(previous("0 2 * * *", "2026-03-01T02:00:01Z") == "2026-03-01T02:00:00Z");
    CHECK(previous("0 0 29 2 *", "2026-03-01T00:00:00Z") == "2024-02-29T00:00:00Z");
}

TEST_CASE("words_stand_for_expressions") {
    CHECK(next("@hourly", "2026-03-01T01:59:00Z") == "2026-03-01T02:00:00Z");
    CHECK(next("@daily", "2026-03-01T01:00:00Z") == "2026-03-02T00:00:00Z");
    CHECK(next("@Midnight", "2026-03-01T01:00:00Z") == "2026-03-02T00:00:00Z");
    CHECK(next("@weekly", "2026-03-02T00:00:00Z") == "2026-03-08T00:00:00Z");
    CHECK(next("@monthly", "2026-03-02T00:00:00Z") == "2026-04-01T00:00:00Z");
    CHECK(next("@yearly", "2026-03-02T00:00:00Z") == "2027-01-01T00:00:00Z");
    CHECK(next("@annually", "2026-03-02T00:00:00Z") == "2027-01-01T00:00:00Z");
}

TEST_CASE("either_day_field_counts_where_both_are_restricted") {
    // 2026-03-13 is a Friday.
    CHECK(next("0 0 15 * fri", "2026-03-08T00:00:00Z") == "2026-03-13T00:00:00Z");
    CHECK(next("0 0 15 * fri", "2026-03-13T00:00:00Z") == "2026-03-15T00:00:00Z");
    CHECK(next("0 0 * * 7", "2026-03-02T00:00:00Z") == "2026-03-08T00:00:00Z");
    CHECK(next("0 0 */2 * sun", "2026-03-02T00:00:00Z") == "2026-03-15T00:00:00Z");
}

TEST_CASE("refuses_expressions_that_say_nothing_clear") {
    for (const auto* text :
         {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
          "* * * * 8", "5-1 * * * *", "*/0 * * * *", "5/10 * * * *", "a * * * *", "1,,2 * * * *",
          "-1 * * * *", "* * * foo *", "1-2-3 * * * *", "@fortnightly", "1;2 * * * *",
          "+1 * * * *"})
        CHECK_MESSAGE(!CronExpression::parse(text).ok(), text);
    CHECK(CronExpression::parse("61 * * * *").error().message.find("minute field \"61\"") !=
          std::string::npos);
}

TEST_CASE("a_fixed_time_that_clocks_skip_begins_when_they_jump") {
    CHECK(between("30 2 * * *", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z", "Europe/Paris") ==
          std::vector<std::string>{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z",
                                   "2026-03-30T00:30:00Z"});
    CHECK(between("0,30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", "Europe/Paris") ==
          std::vector<std::string>{"2026-03-29T01:00:00Z"});
}

TEST_CASE("a_fixed_time_that_comes_twice_begins_the_first_time") {
    CHECK(between("30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z", "Europe/Paris") ==
          std::vector<std::string>{"2026-10-25T00:30:00Z"});
}

TEST_CASE("intervals_go_by_the_clock_on_the_wall") {
    CHECK(between("30 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z", "Europe/Paris") ==
          std::vector<std::string>{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z",
                                   "2026-03-29T02:30:00Z"});
    CHECK(between("*/30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z", "Europe/Paris") ==
          std::vector<std::string>{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z",
                                   "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"});
    CHECK(between("*/30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", "Europe/Paris")
              .empty());
}

TEST_CASE("midnight_that_clocks_skip_still_happens") {
    // In Beirut clocks jump at midnight.
    CHECK(between("0 0 * * *", "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", "Asia/Beirut") ==
          std::vector<std::string>{"2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z",
                                   "2026-03-29T21:00:00Z"});
}

TEST_CASE("next_previous_and_between_tell_the_same_story") {
    std::mt19937 engine(7);
    for (const auto* zone : {"UTC", "Europe/Paris", "America/New_York", "Asia/Beirut"}) {
        for (const auto* cron : {"*/20 * * * *", "30 2 * * *", "0 0 * * *", "15 1-3 * * sat,sun",
                                 "0 12 13 * fri", "5 */2 28-31 * *"}) {
            const auto parsed = CronExpression::parse(cron);
            const auto found = TimeZone::find(zone);
            const UnixSeconds from = at("2026-01-01T00:00:00Z") + engine() % 26'000'000;
            UnixSeconds moment = from - 1;
            for (const auto expected : parsed->between(from, from + 9 * 86400, *found, 500)) {
                const auto following = parsed->next(moment, *found);
                REQUIRE(following.has_value());
                REQUIRE_MESSAGE(*following == expected, cron << " " << zone);
                if (moment >= from) REQUIRE(parsed->previous(expected, *found) == moment);
                moment = expected;
            }
        }
    }
}
