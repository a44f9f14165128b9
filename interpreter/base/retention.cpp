#include "interpreter/base/retention.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr int rule_max = 100000;
constexpr const char* rule_names[] = {"last", "daily", "weekly", "monthly", "yearly"};

// The numbers of the day, week, month and year in which a moment lies; equal numbers, same period.
struct Periods {
    long day, week, month, year;
};

Periods periods_of(double at_s) {
    const long day = static_cast<long>(std::floor(at_s / 86400));
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    const long year = static_cast<int>(date.year());
    // 1970-01-01 is a Thursday: three days later a week of Mondays begins.
    const long week = static_cast<long>(std::floor(static_cast<double>(day + 3) / 7));
    return {day, week, year * 12 + static_cast<long>(static_cast<unsigned>(date.month())), year};
}

// Marks the newest of each of the first `count` periods. `things` are newest first.
void keep_newest_of_each(const std::vector<Dated>& things, int count, long Periods::*period,
                         std::vector<bool>& keep) {
    bool any = false;
    long last = 0;
    for (std::size_t i = 0; i < things.size() && count > 0; ++i) {
        const long found = periods_of(things[i].at_s).*period;
        if (any && found == last) continue;
        any = true;
        last = found;
        keep[i] = true;
        --count;
    }
}

}  // namespace

Result<Retention> read_retention(const Value& value) {
    Retention read;
    int* const rules[] = {&read.last, &read.daily, &read.weekly, &read.monthly, &read.yearly};
    for (const auto& [name, count] : value.map()) {
        const auto found = std::find(std::begin(rule_names), std::end(rule_names), name);
        if (found == std::end(rule_names))
            return fail("bad_argument",
                        "A retention has no rule \"" + name + "\"." +
                            did_you_mean(name, {std::begin(rule_names), std::end(rule_names)}));
        const double number = count.number();
        if (!count.is_number() || number != std::floor(number) || number < 0 || number > rule_max)
            return fail("bad_argument", "The rule \"" + name +
                                            "\" of a retention must be a whole number from 0 to " +
                                            std::to_string(rule_max) + ".");
        *rules[found - std::begin(rule_names)] = static_cast<int>(number);
    }
    if (read.last + read.daily + read.weekly + read.monthly + read.yearly == 0)
        return fail("bad_argument",
                    "A retention must keep something: give at least one of last, daily, weekly, "
                    "monthly and yearly.");
    return read;
}

Result<RetentionChoice> choose_retention(std::vector<Dated> things, const Retention& retention,
                                         double keep_at_least, double delete_at_most) {
    if (!(keep_at_least >= 0) || !(delete_at_most >= 0))
        return fail("bad_argument", "keep_at_least and delete_at_most must be 0 or more.");
    std::sort(things.begin(), things.end(), [](const Dated& left, const Dated& right) {
        return left.at_s != right.at_s ? left.at_s > right.at_s : left.id > right.id;
    });
    std::vector<bool> keep(things.size(), false);
    const double newest = std::max<double>(retention.last, keep_at_least);
    for (std::size_t i = 0; i < things.size() && static_cast<double>(i) < newest; ++i)
        keep[i] = true;
    keep_newest_of_each(things, retention.daily, &Periods::day, keep);
    keep_newest_of_each(things, retention.weekly, &Periods::week, keep);
    keep_newest_of_each(things, retention.monthly, &Periods::month, keep);
    keep_newest_of_each(things, retention.yearly, &Periods::year, keep);

    RetentionChoice choice;
    for (std::size_t i = 0; i < things.size(); ++i)
        (keep[i] ? choice.kept : choice.removed).push_back(things[i].id);
    std::reverse(choice.removed.begin(), choice.removed.end());
    if (static_cast<double>(choice.removed.size()) > delete_at_most)
        return fail("too_many_deletions",
                    "The retention would delete " + std::to_string(choice.removed.size()) + " of " +
                        std::to_string(things.size()) + ", more than delete_at_most (" +
                        std::to_string(static_cast<long>(delete_at_most)) +
                        "). Nothing was deleted. Look at the list, then raise the limit or mend "
                        "the rules.");
    return choice;
}

}  // namespace perilune
