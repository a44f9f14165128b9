// Time zones against the C library's own reading of the same database.
#include <cstdlib>
#include <ctime>
#include <random>

#include <doctest/doctest.h>

#include "bindings/schedule/time_zone.h"

using namespace perilune;

namespace {

constexpr UnixSeconds hour = 3600;

int library_offset_s(UnixSeconds at) {
    const std::time_t moment = at;
    std::tm local{};
    localtime_r(&moment, &local);
    return static_cast<int>(local.tm_gmtoff);
}

TimeZone zone(const std::string& name) {
    auto found = TimeZone::find(name);
    REQUIRE_MESSAGE(found.ok(), found.error().message);
    return *found;
}

// Unix seconds of a time in UTC.
UnixSeconds utc(int year, int month, int day, int hours, int minutes) {
    return days_from_date(year, month, day) * 86400 + hours * 3600 + minutes * 60;
}

}  // namespace

TEST_CASE("agrees_with_the_c_library_in_every_season_and_century") {
    for (const auto* name :
         {"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
          "Africa/Casablanca", "Asia/Kolkata", "America/Sao_Paulo", "Europe/Dublin",
          "Antarctica/Troll", "Asia/Gaza", "Pacific/Auckland", "America/St_Johns", "Etc/GMT+5"}) {
        CAPTURE(name);
        const TimeZone read = zone(name);
        ::setenv("TZ", name, 1);
        ::tzset();
        std::mt19937_64 engine(1);
        int differences = 0;
        for (int i = 0; i < 4000; ++i) {
            const auto at = static_cast<UnixSeconds>(engine() % 6'300'000'000) - 2'000'000'000;
            differences += read.offset_s(at) != library_offset_s(at);
        }
        CHECK(differences == 0);
    }
    ::unsetenv("TZ");
    ::tzset();
}

TEST_CASE("knows_utc_and_fixed_offsets_without_a_database") {
    CHECK(TimeZone::find("UTC", "/nowhere")->offset_s(0) == 0);
    CHECK(TimeZone::find("+05:30", "/nowhere")->offset_s(1e9) == 19800);
    CHECK(TimeZone::find("-03:00", "/nowhere")->offset_s(1e9) == -10800);
}

TEST_CASE("refuses_names_that_are_no_time_zone") {
    for (const auto* name : {"", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "+25:00",
                             "Europe", "zone.tab", "Europe/Paris\n"})
        CHECK_MESSAGE(!TimeZone::find(name).ok(), name);
}

TEST_CASE("a_time_in_spring_that_clocks_skip_has_no_moment") {
    const TimeZone paris = zone("Europe/Paris");
    const LocalSeconds skipped = utc(2026, 3, 29, 2, 30);
    CHECK(paris.moments(skipped).empty());
    CHECK(paris.gap_end(skipped) == utc(2026, 3, 29, 1, 0));
    CHECK(paris.moments(utc(2026, 3, 29, 3, 0)) ==
          std::vector<UnixSeconds>{utc(2026, 3, 29, 1, 0)});
}

TEST_CASE("a_time_in_autumn_that_comes_twice_has_two_moments") {
    const TimeZone paris = zone("Europe/Paris");
    const UnixSeconds first = utc(2026, 10, 25, 0, 30);
    CHECK(paris.moments(utc(2026, 10, 25, 2, 30)) == std::vector<UnixSeconds>{first, first + hour});
}

TEST_CASE("reads_rules_of_every_form") {
    const auto offset = [](const char* text, UnixSeconds at) {
        const auto rule = ZoneRule::parse(text);
        REQUIRE_MESSAGE(rule.ok(), text);
        return rule->offset_s(at);
    };
    CHECK(offset("UTC0", 0) == 0);
    CHECK(offset("<+0330>-3:30", 0) == 12600);
    CHECK(offset("CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 7, 1, 0, 0)) == 7200);
    CHECK(offset("CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 12, 1, 0, 0)) == 3600);
    CHECK(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2040, 1, 1, 0, 0)) == 39600);
    CHECK(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2040, 7, 1, 0, 0)) == 36000);
    CHECK(offset("XXX0YYY,J60/0,J300/0", utc(2040, 2, 29, 12, 0)) == 0);
    CHECK(offset("XXX0YYY,J60/0,J300/0", utc(2040, 3, 1, 12, 0)) == 3600);
    CHECK(offset("XXX0YYY,59/0,299/0", utc(2040, 2, 29, 12, 0)) == 3600);
    for (const auto* text : {"", "X0", "CET", "CET-1CEST", "CET-1CEST,M3.5.0",
                             "CET-1CEST,M13.1.0,M1", "CET-1CEST,M3.5.0,M10.5.0 "})
        CHECK_MESSAGE(!ZoneRule::parse(text).ok(), text);
}

TEST_CASE("counts_days_of_the_calendar") {
    CHECK(days_from_date(1970, 1, 1) == 0);
    CHECK(days_from_date(2000, 3, 1) == 11017);
    CHECK(date_from_days(-1).year == 1969);
    CHECK(date_from_days(11016).day == 29);
}
