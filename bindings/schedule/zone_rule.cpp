// The POSIX rule of a time zone: when summer time begins and ends in any year.
#include <algorithm>
#include <chrono>

#include "bindings/schedule/time_zone.h"

namespace perilune {

class ZoneRule::Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool ended() const { return at_ == text_.size(); }
    bool take(char letter) {
        if (ended() || text_[at_] != letter) return false;
        ++at_;
        return true;
    }
    bool next_is(std::string_view letters) const {
        return !ended() && letters.find(text_[at_]) != std::string_view::npos;
    }
    bool read_name() {
        const std::size_t begin = at_;
        if (take('<')) {
            while (!ended() && text_[at_] != '>') ++at_;
            return take('>');
        }
        while (!ended() && ((text_[at_] | 0x20) >= 'a' && (text_[at_] | 0x20) <= 'z')) ++at_;
        return at_ - begin >= 3;
    }
    bool read_number(int& number) {
        const std::size_t begin = at_;
        number = 0;
        while (!ended() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 4)
            number = number * 10 + (text_[at_++] - '0');
        return at_ > begin;
    }
    // [+-]hours[:minutes[:seconds]]
    bool read_time(int& seconds) {
        const bool negative = take('-');
        if (!negative) take('+');
        int hours = 0, minutes = 0, rest = 0;
        if (!read_number(hours)) return false;
        if (take(':') && !read_number(minutes)) return false;
        if (take(':') && !read_number(rest)) return false;
        seconds = hours * 3600 + minutes * 60 + rest;
        if (negative) seconds = -seconds;
        return true;
    }
    bool read_day(Day& day) {
        if (!take(',')) return false;
        day.kind = take('M') ? 'M' : take('J') ? 'J' : 'N';
        if (day.kind == 'M') {
            const bool read = read_number(day.month) && take('.') && read_number(day.week) &&
                              take('.') && read_number(day.day);
            if (!read || day.month < 1 || day.month > 12 || day.week < 1 || day.week > 5 ||
                day.day > 6)
                return false;
        } else if (!read_number(day.day) || day.day > 366) {
            return false;
        }
        return !take('/') || read_time(day.time_s);
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

// The moment of the day's time in a year, the offset being the one in force until then.
UnixSeconds ZoneRule::Day::in_year(int year, int offset_s) const {
    std::int64_t days = days_from_date(year, 1, 1);
    if (kind == 'M') {
        const std::int64_t first = days_from_date(year, month, 1);
        const auto weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);  // 1970-01-01: Thursday.
        days = first + (day - weekday + 7) % 7 + (week - 1) * std::int64_t{7};
        const std::int64_t next_month =
            month == 12 ? days_from_date(year + 1, 1, 1) : days_from_date(year, month + 1, 1);
        while (days >= next_month) days -= 7;  // Week 5 is the last one.
    } else {
        const bool leap = days_from_date(year, 3, 1) - days == 60;
        days += kind == 'N' ? day : day - 1 + (leap && day >= 60 ? 1 : 0);
    }
    return days * 86400 + time_s - offset_s;
}

Result<ZoneRule> ZoneRule::parse(const std::string& text) {
    Reader reader(text);
    ZoneRule rule;
    const Error refused = fail("bad_time_zone", "The time zone rule \"" + text + "\" is no rule.");
    int west_s = 0;  // POSIX counts offsets westward.
    if (!reader.read_name() || !reader.read_time(west_s)) return refused;
    rule.standard_s_ = -west_s;
    if (reader.ended()) return rule;
    if (!reader.read_name()) return refused;
    rule.summer_s_ = rule.standard_s_ + 3600;
    if (!reader.next_is(",")) {
        if (!reader.read_time(west_s)) return refused;
        rule.summer_s_ = -west_s;
    }
    if (!reader.read_day(rule.begins_) || !reader.read_day(rule.ends_) || !reader.ended())
        return refused;
    rule.has_summer_ = true;
    return rule;
}

int ZoneRule::offset_s(UnixSeconds at) const {
    if (!has_summer_) return standard_s_;
    const UnixSeconds local = at + standard_s_;
    const int year = date_from_days((local >= 0 ? local : local - 86399) / 86400).year;
    const UnixSeconds begins = begins_.in_year(year, standard_s_);
    const UnixSeconds ends = ends_.in_year(year, summer_s_);
    // South of the equator summer goes over the turn of the year.
    const bool summer = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
    return summer ? summer_s_ : standard_s_;
}

std::int64_t days_from_date(int year, int month, int day) {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    return std::chrono::sys_days(date).time_since_epoch().count();
}

Date date_from_days(std::int64_t days) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
    return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day()))};
}

}  // namespace perilune
