#include "bindings/schedule/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace perilune {

namespace {

constexpr std::int64_t days_searched = 30 * 366;

struct Field {
    std::string_view name;
    int least, most;
    std::string_view names;  // Of three letters each, from `least` on.
};

constexpr std::array<Field, 5> fields = {{{"minute", 0, 59, ""},
                                          {"hour", 0, 23, ""},
                                          {"day of month", 1, 31, ""},
                                          {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                          {"day of week", 0, 7, "sunmontuewedthufrisat"}}};

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& letter : made)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
    return made;
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
    std::vector<std::string> parts(1);
    for (const char letter : text) {
        if (by.find(letter) == std::string_view::npos) {
            parts.back() += letter;
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

bool read_number(std::string_view text, int& number) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc() && end == text.data() + text.size() && number >= 0;
}

bool read_place(const Field& field, const std::string& text, int& place) {
    if (!read_number(text, place)) {
        const auto at = text.size() == 3 ? field.names.find(lower(text)) : std::string_view::npos;
        if (at == std::string_view::npos || at % 3 != 0) return false;
        place = field.least + static_cast<int>(at / 3);
    }
    return place >= field.least && place <= field.most;
}

// Reads `*`, `5`, `1-5`, each also with `/step` (a step needs a range), into `places`.
bool read_part(const Field& field, const std::string& part, std::set<int>& places) {
    const auto with_step = split(part, "/");
    int step = 1;
    if (with_step.size() > 2) return false;
    if (with_step.size() == 2 && (!read_number(with_step[1], step) || step == 0)) return false;
    int from = field.least;
    int to = field.most;
    if (with_step[0] != "*") {
        const auto ends = split(with_step[0], "-");
        if (ends.size() > 2 || (ends.size() == 1 && with_step.size() == 2)) return false;
        if (!read_place(field, ends[0], from) || !read_place(field, ends.back(), to)) return false;
    }
    if (from > to) return false;
    for (int place = from; place <= to; place += step) places.insert(place);
    return true;
}

Result<std::set<int>> read_field(const Field& field, const std::string& text,
                                 const std::string& whole) {
    std::set<int> places;
    for (const auto& part : split(text, ","))
        if (!read_part(field, part, places))
            return fail("bad_cron",
                        "The " + std::string(field.name) + " field \"" + text +
                            "\" of the cron expression \"" + whole + "\" must be *, numbers from " +
                            std::to_string(field.least) + " to " + std::to_string(field.most) +
                            ", ranges such as 1-5, steps such as */10, or a list.");
    return places;
}

std::string spelled_out(const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> words = {
        {{"@yearly", "0 0 1 1 *"},
         {"@annually", "0 0 1 1 *"},
         {"@monthly", "0 0 1 * *"},
         {"@weekly", "0 0 * * 0"},
         {"@daily", "0 0 * * *"},
         {"@midnight", "0 0 * * *"},
         {"@hourly", "0 * * * *"}}};
    for (const auto& [word, meaning] : words)
        if (lower(text) == word) return std::string(meaning);
    return text;
}

std::int64_t floor_days(std::int64_t seconds) {
    return (seconds >= 0 ? seconds : seconds - 86399) / 86400;
}

}  // namespace

Result<CronExpression> CronExpression::parse(const std::string& text) {
    CronExpression made;
    if (lower(text) == "@reboot") {
        made.never_ = true;
        return made;
    }
    std::vector<std::string> parts = split(spelled_out(text), " \t");
    std::erase(parts, "");
    if (parts.size() != fields.size())
        return fail("bad_cron", "The cron expression \"" + text + "\" has " +
                                    std::to_string(parts.size()) +
                                    " fields; it needs five (minute, hour, day of month, month, "
                                    "day of week), or a word such as @daily.");
    std::array<std::set<int>, 5> places;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        auto read = read_field(fields[i], parts[i], text);
        if (!read) return read.error();
        places[i] = std::move(*read);
    }
    for (const int place : places[0]) made.minutes_.set(static_cast<std::size_t>(place));
    for (const int place : places[1]) made.hours_.set(static_cast<std::size_t>(place));
    for (const int place : places[2]) made.days_.set(static_cast<std::size_t>(place));
    for (const int place : places[3]) made.months_.set(static_cast<std::size_t>(place));
    for (const int place : places[4]) made.weekdays_.set(static_cast<std::size_t>(place % 7));
    made.any_day_ = parts[2].starts_with('*');
    made.any_weekday_ = parts[4].starts_with('*');
    made.at_intervals_ = parts[0].starts_with('*') || parts[1].starts_with('*');
    return made;
}

bool CronExpression::matches_day(std::int64_t days) const {
    const Date date = date_from_days(days);
    if (!months_.test(static_cast<std::size_t>(date.month))) return false;
    const bool day = days_.test(static_cast<std::size_t>(date.day));
    const bool weekday = weekdays_.test(static_cast<std::size_t>(((days + 4) % 7 + 7) % 7));
    // `*/2` begins with a star too, and then both must match.
    return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

std::vector<UnixSeconds> CronExpression::moments_of_day(std::int64_t days,
                                                        const TimeZone& zone) const {
    std::vector<UnixSeconds> found;
    if (never_ || !matches_day(days)) return found;
    for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
        if (!hours_.test(hour)) continue;
        for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
            if (!minutes_.test(minute)) continue;
            const auto local = days * 86400 + static_cast<std::int64_t>(hour * 3600 + minute * 60);
            const auto moments = zone.moments(local);
            if (moments.empty()) {
                if (!at_intervals_) found.push_back(zone.gap_end(local));
            } else if (at_intervals_) {
                found.insert(found.end(), moments.begin(), moments.end());
            } else {
                found.push_back(moments[0]);
            }
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::optional<UnixSeconds> CronExpression::next(UnixSeconds after, const TimeZone& zone) const {
    const std::int64_t first = floor_days(zone.local(after)) - 1;
    for (std::int64_t day = first; day < first + days_searched; ++day) {
        // A day's moments may reach into the next day where clocks changed at midnight.
        std::optional<UnixSeconds> best;
        for (const auto one : {day, day + 1})
            for (const UnixSeconds moment : moments_of_day(one, zone))
                if (moment > after && (!best || moment < *best)) best = moment;
        if (best) return best;
    }
    return std::nullopt;
}

std::optional<UnixSeconds> CronExpression::previous(UnixSeconds before,
                                                    const TimeZone& zone) const {
    const std::int64_t last = floor_days(zone.local(before)) + 1;
    for (std::int64_t day = last; day > last - days_searched; --day) {
        std::optional<UnixSeconds> best;
        for (const auto one : {day, day - 1})
            for (const UnixSeconds moment : moments_of_day(one, zone))
                if (moment < before && (!best || moment > *best)) best = moment;
        if (best) return best;
    }
    return std::nullopt;
}

std::vector<UnixSeconds> CronExpression::between(UnixSeconds from, UnixSeconds to,
                                                 const TimeZone& zone,
                                                 std::size_t count_max) const {
    std::vector<UnixSeconds> found;
    const std::int64_t last = floor_days(zone.local(to)) + 1;
    for (std::int64_t day = floor_days(zone.local(from)) - 1; day <= last; ++day)
        for (const UnixSeconds moment : moments_of_day(day, zone))
            if (moment >= from && moment < to) found.push_back(moment);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > count_max) found.resize(count_max);
    return found;
}

}  // namespace perilune
