// Times and serials of zone files.
#include <doctest/doctest.h>

#include "bindings/dns/zone_ttl.h"

using namespace perilune;

TEST_CASE("reads_times_as_zone_files_write_them") {
    CHECK(parse_zone_ttl("300") == 300);
    CHECK(parse_zone_ttl("0") == 0);
    CHECK(parse_zone_ttl("1h30m") == 5400);
    CHECK(parse_zone_ttl("1W2D") == 777600);
    CHECK(parse_zone_ttl("2147483647") == 2147483647U);
}

TEST_CASE("refuses_what_is_no_time_in_a_zone_file") {
    for (const auto* text :
         {"", "h", "1x", "1h30", "IN", "-5", "2147483648", "3551w", "99999999999999999999", "1 h"})
        CHECK_MESSAGE(!parse_zone_ttl(text), text);
}

TEST_CASE("raises_a_plain_serial_by_one") {
    CHECK(next_serial(7, 20260301) == 8);
    CHECK(next_serial(0xffffffff, 20260301) == 1);           // 0 means "none" to some servers.
    CHECK(next_serial(1700000000, 20260301) == 1700000001);  // Seconds since 1970 are no date.
}

TEST_CASE("continues_a_date_serial_with_the_date_of_today") {
    CHECK(next_serial(2026022807, 20260301) == 2026030101);
    CHECK(next_serial(2026030101, 20260301) == 2026030102);
    CHECK(next_serial(2026030199, 20260301) == 2026030200);
    CHECK(next_serial(2026123100, 20260301) == 2026123101);  // Already later than today.
    CHECK(next_serial(2026139901, 20260301) == 2026139902);  // Month 13 is no date.
}

TEST_CASE("a_new_serial_always_comes_after_the_old_one") {
    for (const std::uint32_t serial : {0U, 1U, 99U, 2026030101U, 2147483647U, 4294967295U})
        CHECK_MESSAGE(serial_after(next_serial(serial, 20260301), serial), serial);
}

TEST_CASE("compares_serials_around_the_wrap") {
    CHECK(serial_after(1, 0xffffffff));
    CHECK_FALSE(serial_after(0xffffffff, 1));
    CHECK_FALSE(serial_after(5, 5));
    CHECK(serial_after(100, 0));
    CHECK_FALSE(serial_after(0x80000001, 1));  // RFC 1982 leaves this pair undefined; not after.
}

TEST_CASE("writes_a_date_as_a_number") {
    CHECK(date_number(1772323200) == 20260301);
    CHECK(date_number(0) == 19700101);
}
