// Cron expressions: which moments they name, in a time zone.
//
// Five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday); each `*`, a
// number or name, a range, a step of either, or a list of them; or @yearly, @annually, @monthly,
// @weekly, @daily, @midnight, @hourly, @reboot. Where both day fields are restricted (neither
// begins with `*`), a day that matches one of them counts, as in crontab(5).
//
// When clocks change, the rules are those of Vixie's cron and its heirs. A job at fixed times (its
// minute and hour fields do not begin with `*`) happens once a day: one that falls into the time
// that clocks skip begins at the moment they jump, and one in the time that comes twice begins the
// first time. A job at intervals (`*` in the minute or hour) goes by the clock on the wall: skipped
// times do not happen, and what comes twice happens twice.
#pragma once

#include <bitset>
#include <optional>

#include "bindings/schedule/time_zone.h"

namespace perilune {

class CronExpression {
public:
    static Result<CronExpression> parse(const std::string& text);

    // The first moment after `after`; nothing where none comes in the next 30 years (30 February).
    std::optional<UnixSeconds> next(UnixSeconds after, const TimeZone& zone) const;
    // The last moment before `before`, likewise.
    std::optional<UnixSeconds> previous(UnixSeconds before, const TimeZone& zone) const;
    // The moments from `from` on, up to but without `to`, at most `count_max` of them.
    std::vector<UnixSeconds> between(UnixSeconds from, UnixSeconds to, const TimeZone& zone,
                                     std::size_t count_max) const;

private:
    bool matches_day(std::int64_t days) const;
    // The moments of one local day, in order.
    std::vector<UnixSeconds> moments_of_day(std::int64_t days, const TimeZone& zone) const;

    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    bool any_day_ = true, any_weekday_ = true;
    bool at_intervals_ = false;
    bool never_ = false;  // @reboot
};

}  // namespace perilune
