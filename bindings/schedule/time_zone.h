// Time zones from the system's tz database (TZif, RFC 8536), read here and safe in any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// Seconds since 1970 as a clock on the wall would show them, whatever the offset: the local date
// and time counted as if it were UTC.
using LocalSeconds = std::int64_t;
using UnixSeconds = std::int64_t;

// The rule in the last line of a TZif file, for times after its table: "CET-1CEST,M3.5.0,M10.5.0/3"
// (POSIX, extended by RFC 8536, section 3.3.1).
class ZoneRule {
public:
    static Result<ZoneRule> parse(const std::string& text);
    int offset_s(UnixSeconds at) const;

private:
    struct Day {
        char kind =
            'M';  // M: month, week, weekday; J: day 1 to 365 without 29 Feb; N: day 0 to 365.
        int month = 0, week = 0, day = 0;
        int time_s = 7200;
        UnixSeconds in_year(int year, int offset_s) const;
    };
    class Reader;
    int standard_s_ = 0, summer_s_ = 0;
    bool has_summer_ = false;
    Day begins_, ends_;
};

class TimeZone {
public:
    // "UTC", a fixed offset such as "+02:00", or a name of the database such as "Europe/Paris".
    static Result<TimeZone> find(const std::string& name,
                                 const std::string& folder = "/usr/share/zoneinfo");

    const std::string& name() const { return name_; }
    // Local time minus UTC at this moment, in seconds.
    int offset_s(UnixSeconds at) const;
    LocalSeconds local(UnixSeconds at) const { return at + offset_s(at); }
    // The moments at which clocks show this time, in order: one; two where clocks went back over
    // it; none where they were put forward past it.
    std::vector<UnixSeconds> moments(LocalSeconds local) const;
    // The moment at which clocks were put forward past a time that has no moment.
    UnixSeconds gap_end(LocalSeconds local) const;

private:
    std::string name_;
    std::vector<UnixSeconds> changes_;  // When each offset begins.
    std::vector<int> offsets_s_;        // One more than changes: the first is before them all.
    std::shared_ptr<const ZoneRule> rule_;
};

// Days since 1970-01-01 of a date of the Gregorian calendar, and back.
std::int64_t days_from_date(int year, int month, int day);
struct Date {
    int year = 1970, month = 1, day = 1;
};
Date date_from_days(std::int64_t days);

}  // namespace perilune
