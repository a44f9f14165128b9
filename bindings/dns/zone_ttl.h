// Times in a zone file ("300", "1h30m"), and how a zone's serial goes up.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace perilune {

// Seconds of "300", "5m", "1h30m", "1w2d" in either case; nothing where it is no such time.
std::optional<std::uint32_t> parse_zone_ttl(std::string_view text);

// The serial after `serial`, greater by RFC 1982 and never 0. Where it is written as a date with
// two digits (YYYYMMDDnn), the next is of `today` (YYYYMMDD), unless the old one is already later.
std::uint32_t next_serial(std::uint32_t serial, std::uint32_t today);

// True where `left` comes after `right` (RFC 1982, section 3.2).
bool serial_after(std::uint32_t left, std::uint32_t right);

// Today in UTC as YYYYMMDD, of a time in Unix seconds.
std::uint32_t date_number(double unix_s);

}  // namespace perilune
